#include "crypto/webauthn/cbor.h"

#include <algorithm>
#include <limits>

#include "base/unicode.h"

namespace latchkey::crypto::webauthn {
namespace {

constexpr int max_depth = 4;

// RFC 8949 §3.3.
constexpr std::uint64_t value_false = 20;
constexpr std::uint64_t value_null = 22;

}  // namespace

/// What stands before the content of an item (RFC 8949 §3).
struct Cbor::Head {
  Kind kind;
  std::uint64_t argument;  ///< the number, the length in bytes, or how many elements follow
  std::size_t size;        ///< of the head itself
};

std::optional<Cbor::Head> Cbor::read_head(ByteView bytes) {
  if (bytes.empty()) return std::nullopt;
  const auto kind = static_cast<Kind>(bytes[0] >> 5U);
  const std::uint8_t info = bytes[0] & 0x1fU;
  if (info < 24) return Head{kind, info, 1};
  // 28 to 30 mean nothing yet; 31 is a length that is not known yet.
  if (info > 27) return std::nullopt;
  const std::size_t width = std::size_t{1} << (info - 24U);
  if (bytes.size() < 1 + width) return std::nullopt;
  std::uint64_t argument = 0;
  for (const std::uint8_t byte : bytes.subspan(1, width)) argument = argument << 8U | byte;
  // A number that a shorter form has room for.
  const std::uint64_t least = width == 1 ? 24 : std::uint64_t{1} << (4 * width);
  if (argument < least) return std::nullopt;
  return Head{kind, argument, 1 + width};
}

std::optional<std::size_t> Cbor::measure(ByteView bytes, int depth_left) {
  const auto head = read_head(bytes);
  if (!head) return std::nullopt;
  const ByteView rest = bytes.subspan(head->size);
  switch (head->kind) {
    case Kind::unsigned_integer:
    case Kind::negative_integer:
      return head->size;
    case Kind::bytes:
    case Kind::text: {
      if (head->argument > rest.size()) return std::nullopt;
      const auto length = static_cast<std::size_t>(head->argument);
      if (head->kind == Kind::text && !is_valid_utf8(view_text(rest.first(length)))) return std::nullopt;
      return head->size + length;
    }
    case Kind::array: {
      // Each element takes a byte at least, so that a count beyond the bytes is not even begun.
      if (depth_left == 0 || head->argument > rest.size()) return std::nullopt;
      std::size_t at = head->size;
      for (std::uint64_t i = 0; i < head->argument; ++i) {
        const auto element = measure(bytes.subspan(at), depth_left - 1);
        if (!element) return std::nullopt;
        at += *element;
      }
      return at;
    }
    case Kind::map:
      if (depth_left == 0 || head->argument > rest.size() / 2) return std::nullopt;
      return measure_map(bytes, *head, depth_left - 1);
    case Kind::tag:
      return std::nullopt;
    case Kind::simple:
      if (head->size != 1 || head->argument < value_false || head->argument > value_null) return std::nullopt;
      return head->size;
  }
  return std::nullopt;
}

std::optional<std::size_t> Cbor::measure_map(ByteView bytes, const Head& head, int depth_left) {
  std::size_t at = head.size;
  ByteView last_key;
  for (std::uint64_t i = 0; i < head.argument; ++i) {
    const ByteView from_key = bytes.subspan(at);
    // No container and no byte string can be a key.
    const auto key_head = read_head(from_key);
    if (!key_head || key_head->kind > Kind::text || key_head->kind == Kind::bytes) return std::nullopt;
    const auto key_size = measure(from_key, 0);
    if (!key_size) return std::nullopt;
    const ByteView key = from_key.first(*key_size);
    if (i > 0 && !std::lexicographical_compare(last_key.begin(), last_key.end(), key.begin(), key.end()))
      return std::nullopt;
    last_key = key;
    const auto value_size = measure(from_key.subspan(*key_size), depth_left);
    if (!value_size) return std::nullopt;
    at += *key_size + *value_size;
  }
  return at;
}

std::optional<Cbor> Cbor::read_prefix(ByteView bytes) {
  const auto size = measure(bytes, max_depth);
  if (!size) return std::nullopt;
  return Cbor(bytes.first(*size));
}

std::optional<Cbor> Cbor::read(ByteView bytes) {
  const auto item = read_prefix(bytes);
  if (!item || item->encoding_.size() != bytes.size()) return std::nullopt;
  return item;
}

std::optional<std::int64_t> Cbor::as_integer() const {
  const Head head = *read_head(encoding_);
  if (head.kind > Kind::negative_integer || head.argument > std::numeric_limits<std::int64_t>::max())
    return std::nullopt;
  const auto number = static_cast<std::int64_t>(head.argument);
  return head.kind == Kind::unsigned_integer ? number : -1 - number;
}

ByteView Cbor::content() const { return encoding_.subspan(read_head(encoding_)->size); }

std::optional<ByteView> Cbor::as_bytes() const {
  if (kind() != Kind::bytes) return std::nullopt;
  return content();
}

std::optional<std::string_view> Cbor::as_text() const {
  if (kind() != Kind::text) return std::nullopt;
  return view_text(content());
}

std::size_t Cbor::size() const {
  if (!is_map() && !is_array()) return 0;
  return static_cast<std::size_t>(read_head(encoding_)->argument);
}

template <class Key>
std::optional<Cbor> Cbor::find_member(const Key& is_wanted) const {
  if (!is_map()) return std::nullopt;
  ByteView rest = content();
  while (!rest.empty()) {
    const Cbor key(rest.first(*measure(rest, 0)));
    rest = rest.subspan(key.encoding_.size());
    const Cbor value(rest.first(*measure(rest, max_depth)));
    if (is_wanted(key)) return value;
    rest = rest.subspan(value.encoding_.size());
  }
  return std::nullopt;
}

std::optional<Cbor> Cbor::find(std::int64_t key) const {
  return find_member([key](const Cbor& candidate) { return candidate.as_integer() == key; });
}

std::optional<Cbor> Cbor::find(std::string_view key) const {
  return find_member([key](const Cbor& candidate) { return candidate.as_text() == key; });
}

std::optional<Cbor> Cbor::front() const {
  if (!is_array() || size() == 0) return std::nullopt;
  const ByteView rest = content();
  return Cbor(rest.first(*measure(rest, max_depth)));
}

}  // namespace latchkey::crypto::webauthn
