#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace latchkey::crypto::webauthn {

/// One CBOR item (RFC 8949) in the only form that authenticators may write (CTAP 2.1 §8, canonical CBOR):
/// definite lengths, the shortest form of every number, the keys of a map in ascending order and so each of
/// them once, keys that are numbers or texts, UTF-8 in texts, no tags, no floating-point numbers, and at most
/// four containers in one another. Anything else is no item.
///
/// A view of bytes that the caller keeps. Reading takes time linear in the number of bytes and no memory,
/// whatever they are. Any thread may use it.
class Cbor {
 public:
  /// The item that `bytes` are; nothing when something follows it.
  static std::optional<Cbor> read(ByteView bytes);
  /// The item that `bytes` begin with.
  static std::optional<Cbor> read_prefix(ByteView bytes);

  /// The item as it was written.
  ByteView encoding() const { return encoding_; }

  /// What the item is. Nothing when it is something else, or a number beyond 64 bits with a sign.
  std::optional<std::int64_t> as_integer() const;
  std::optional<ByteView> as_bytes() const;
  std::optional<std::string_view> as_text() const;

  bool is_map() const { return kind() == Kind::map; }
  bool is_array() const { return kind() == Kind::array; }
  /// How many members a map or elements an array has; 0 for anything else.
  std::size_t size() const;
  /// The member of a map; nothing when there is none, or when this is no map.
  std::optional<Cbor> find(std::int64_t key) const;
  std::optional<Cbor> find(std::string_view key) const;
  /// The first element of an array; nothing when there is none, or when this is no array.
  std::optional<Cbor> front() const;

 private:
  enum class Kind : std::uint8_t { unsigned_integer, negative_integer, bytes, text, array, map, tag, simple };
  struct Head;

  explicit Cbor(ByteView encoding) : encoding_(encoding) {}
  static std::optional<Head> read_head(ByteView bytes);
  static std::optional<std::size_t> measure(ByteView bytes, int depth_left);
  static std::optional<std::size_t> measure_map(ByteView bytes, const Head& head, int depth_left);

  Kind kind() const { return static_cast<Kind>(encoding_[0] >> 5U); }
  ByteView content() const;
  template <class Key>
  std::optional<Cbor> find_member(const Key& is_wanted) const;

  ByteView encoding_;
};

}  // namespace latchkey::crypto::webauthn
