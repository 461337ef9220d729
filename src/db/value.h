#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/id.h"
#include "base/inline_text.h"
#include "base/role.h"
#include "base/time.h"

namespace latchkey::db {

/// The column types that both databases have: BOOLEAN, BIGINT, TEXT, BYTEA.
enum class Type : std::uint8_t { boolean, integer, text, bytes };

/// One parameter or one column on its way across the seam; `monostate` is NULL. Text and bytes are borrowed:
/// from the argument while a statement runs, from the driver until the next row. A driver that has no BOOLEAN
/// (SQLite) gives 0 and 1.
using Value = std::variant<std::monostate, bool, std::int64_t, std::string_view, ByteView>;

/// The value inside, or a `Fault` that names what the column holds instead. NULL is such a fault too.
bool boolean_of(const Value& value);
std::int64_t integer_of(const Value& value);
std::string_view text_of(const Value& value);
/// As `text_of`, for text that is shown, compared or sent on: it must be UTF-8, and no longer than any text
/// of ours can be. SQLite keeps whatever it is given.
std::string_view sound_text_of(const Value& value);
inline constexpr std::size_t longest_text = 1U << 16;
ByteView bytes_of(const Value& value);
/// As `bytes_of`, and it must have exactly `size` bytes.
ByteView bytes_of(const Value& value, std::size_t size);
[[noreturn]] void throw_bad_value(std::string_view what);

/// How a C++ type is kept in a column. Specialise it for your own strong types, beside them or in `store/`:
///
///   template <> struct db::Codec<EmailKey> {
///     static constexpr Type type = Type::text;
///     static Value encode(const EmailKey& key) { return std::string_view{key.text}; }  // borrows from `key`
///     static EmailKey decode(const Value& value) { return EmailKey{std::string{text_of(value)}}; }
///   };
///
/// `decode` copies what it keeps; a type without `decode` can be a parameter but not a column.
template <class T>
struct Codec;

template <class T>
concept Encodable = requires(const T& value) {
  { Codec<T>::encode(value) } -> std::convertible_to<Value>;
  { Codec<T>::type } -> std::convertible_to<Type>;
};
template <class T>
concept Decodable = requires(const Value& value) {
  { Codec<T>::decode(value) } -> std::convertible_to<T>;
};

template <>
struct Codec<bool> {
  static constexpr Type type = Type::boolean;
  static Value encode(bool value) { return value; }
  static bool decode(const Value& value) { return boolean_of(value); }
};

template <>
struct Codec<std::int64_t> {
  static constexpr Type type = Type::integer;
  static Value encode(std::int64_t value) { return value; }
  static std::int64_t decode(const Value& value) { return integer_of(value); }
};

template <>
struct Codec<std::int32_t> {
  static constexpr Type type = Type::integer;
  static Value encode(std::int32_t value) { return std::int64_t{value}; }
  static std::int32_t decode(const Value& value);  ///< out of range is a fault
};

template <>
struct Codec<std::string> {
  static constexpr Type type = Type::text;
  static Value encode(const std::string& value) { return std::string_view{value}; }
  static std::string decode(const Value& value) { return std::string{sound_text_of(value)}; }
};

template <>
struct Codec<std::string_view> {
  static constexpr Type type = Type::text;
  static Value encode(std::string_view value) { return value; }
};

/// Of rows only.
template <std::size_t N>
struct Codec<InlineText<N>> {
  static constexpr Type type = Type::text;
  static InlineText<N> decode(const Value& value) { return InlineText<N>{sound_text_of(value)}; }
};

template <>
struct Codec<Bytes> {
  static constexpr Type type = Type::bytes;
  static Value encode(const Bytes& value) { return ByteView{value}; }
  static Bytes decode(const Value& value) {
    const auto bytes = bytes_of(value);
    return {bytes.begin(), bytes.end()};
  }
};

template <>
struct Codec<ByteView> {
  static constexpr Type type = Type::bytes;
  static Value encode(ByteView value) { return value; }
};

/// Digests and other bytes of a fixed size.
template <std::size_t N>
struct Codec<std::array<std::uint8_t, N>> {
  static constexpr Type type = Type::bytes;
  static Value encode(const std::array<std::uint8_t, N>& value) { return ByteView{value}; }
  static std::array<std::uint8_t, N> decode(const Value& value) {
    std::array<std::uint8_t, N> copy{};
    std::ranges::copy(bytes_of(value, N), copy.begin());
    return copy;
  }
};

template <class Tag>
struct Codec<Id128<Tag>> {
  static constexpr Type type = Type::bytes;
  static Value encode(const Id128<Tag>& id) { return ByteView{id.bytes}; }
  static Id128<Tag> decode(const Value& value) {
    return Id128<Tag>{Codec<std::array<std::uint8_t, 16>>::decode(value)};
  }
};

template <>
struct Codec<UserId> {
  static constexpr Type type = Type::integer;
  static Value encode(UserId id) { return id.value; }
  static UserId decode(const Value& value) { return UserId{integer_of(value)}; }
};

template <>
struct Codec<Timestamp> {
  static constexpr Type type = Type::integer;
  static Value encode(Timestamp at) { return std::int64_t{at.time_since_epoch().count()}; }
  static Timestamp decode(const Value& value);  ///< a moment before 1970 is a fault
};

template <>
struct Codec<Microseconds> {
  static constexpr Type type = Type::integer;
  static Value encode(Microseconds span) { return std::int64_t{span.count()}; }
  static Microseconds decode(const Value& value) { return Microseconds{integer_of(value)}; }
};

template <>
struct Codec<Role> {
  static constexpr Type type = Type::text;
  static Value encode(Role role) { return to_string(role); }
  static Role decode(const Value& value);  ///< an unknown word is a fault
};

/// NULL is the empty optional.
template <class T>
struct Codec<std::optional<T>> {
  static constexpr Type type = Codec<T>::type;
  static Value encode(const std::optional<T>& value) { return value ? Codec<T>::encode(*value) : Value{}; }
  static std::optional<T> decode(const Value& value) {
    if (std::holds_alternative<std::monostate>(value)) return std::nullopt;
    return Codec<T>::decode(value);
  }
};

}  // namespace latchkey::db
