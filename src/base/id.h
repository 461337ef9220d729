#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace latchkey {

/// The integer that `block_user` takes. Given by the store, never reused.
struct UserId {
  std::int64_t value = 0;
  auto operator<=>(const UserId&) const = default;
};

/// 128 bits that name something for ever; the tag keeps different kinds of names apart.
template <class Tag>
struct Id128 {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const Id128&) const = default;
};

/// The opaque name of a user in tokens (`sub`). Written as a UUID (RFC 9562).
using Subject = Id128<struct SubjectTag>;
/// A session (`sid`). Written as 32 hexadecimal digits.
using SessionId = Id128<struct SessionTag>;
/// A confirmation link (`jti` of its token). Written as 32 hexadecimal digits.
using LinkId = Id128<struct LinkTag>;
/// A device as one account knows it; tells nothing about the device (flow/signin/devices.h).
using DeviceId = Id128<struct DeviceTag>;

/// Lower-case hexadecimal of any bytes.
std::string to_hex(const std::uint8_t* data, std::size_t size);
/// The bytes of `2 * size` lower-case hexadecimal digits; false when `text` is anything else.
bool from_hex(std::string_view text, std::uint8_t* data, std::size_t size);

template <class Tag>
std::string to_string(const Id128<Tag>& id) {
  return to_hex(id.bytes.data(), id.bytes.size());
}

template <class Id>
std::optional<Id> parse_id(std::string_view text) {
  Id id;
  if (!from_hex(text, id.bytes.data(), id.bytes.size())) return std::nullopt;
  return id;
}

/// 8-4-4-4-12 lower-case hexadecimal digits.
std::string to_string(const Subject& subject);
/// Only the form that `to_string` writes.
std::optional<Subject> parse_subject(std::string_view text);

}  // namespace latchkey
