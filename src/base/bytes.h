#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace latchkey {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// The same memory seen as bytes, and as text; nothing is copied, so the owner must outlive the view.
inline ByteView view_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view view_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// base64url without padding (RFC 4648 §5, RFC 7515 §2).
std::string encode_base64url(ByteView bytes);
void append_base64url(std::string& out, ByteView bytes);

/// The one text that `encode_base64url` writes for some bytes; anything else is nothing: padding, other
/// alphabets, white space, a length that no bytes have, and unused trailing bits that are not zero. So a
/// token has exactly one spelling.
std::optional<Bytes> decode_base64url(std::string_view text);
/// The same for a value of known length, without allocating: false unless `text` spells exactly `out.size()`
/// bytes. What `out` holds after a refusal is unspecified.
bool decode_base64url(std::string_view text, std::span<std::uint8_t> out);

/// The standard alphabet (RFC 4648 §4), as PHC strings want it without padding and content security policies
/// with it. Reading takes it without padding, in its one spelling.
enum class Padding : std::uint8_t { none, full };
std::string encode_base64(ByteView bytes, Padding padding);
std::optional<Bytes> decode_base64(std::string_view text);

}  // namespace latchkey
