#include "base/bytes.h"

#include <algorithm>
#include <array>

namespace latchkey {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t not_a_digit = 0xff;

constexpr std::array<std::uint8_t, 256> digit_values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(not_a_digit);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

}  // namespace

void append_base64url(std::string& out, ByteView bytes) {
  const std::size_t before = out.size();
  out.resize(before + (bytes.size() * 4 + 2) / 3);
  char* to = out.data() + before;
  // Three bytes are four digits; each token that is made passes here, some hundreds of bytes long.
  for (; bytes.size() >= 3; bytes = bytes.subspan(3)) {
    const unsigned bits = unsigned{bytes[0]} << 16 | unsigned{bytes[1]} << 8 | bytes[2];
    to[0] = alphabet[bits >> 18];
    to[1] = alphabet[bits >> 12 & 63];
    to[2] = alphabet[bits >> 6 & 63];
    to[3] = alphabet[bits & 63];
    to += 4;
  }
  if (bytes.empty()) return;
  const unsigned bits = unsigned{bytes[0]} << 16 | (bytes.size() == 2 ? unsigned{bytes[1]} << 8 : 0);
  *to++ = alphabet[bits >> 18 & 63];
  *to++ = alphabet[bits >> 12 & 63];
  if (bytes.size() == 2) *to = alphabet[bits >> 6 & 63];
}

std::string encode_base64url(ByteView bytes) {
  std::string out;
  append_base64url(out, bytes);
  return out;
}

bool decode_base64url(std::string_view text, std::span<std::uint8_t> out) {
  if (text.size() != (out.size() * 4 + 2) / 3) return false;
  std::size_t at = 0;
  // Four digits are three bytes; each access token that is shown passes here.
  for (; text.size() > 4; text.remove_prefix(4)) {
    const auto digit = [&](std::size_t i) {
      return unsigned{digit_values[static_cast<std::uint8_t>(text[i])]};
    };
    // A character that is no digit has a bit above the six.
    const unsigned any = digit(0) | digit(1) | digit(2) | digit(3);
    if (any > 63) return false;
    const unsigned four = digit(0) << 18 | digit(1) << 12 | digit(2) << 6 | digit(3);
    out[at] = static_cast<std::uint8_t>(four >> 16);
    out[at + 1] = static_cast<std::uint8_t>(four >> 8 & 0xff);
    out[at + 2] = static_cast<std::uint8_t>(four & 0xff);
    at += 3;
  }
  unsigned bits = 0;
  int held = 0;
  for (const char c : text) {
    const std::uint8_t value = digit_values[static_cast<std::uint8_t>(c)];
    if (value == not_a_digit) return false;
    bits = bits << 6 | value;
    held += 6;
    if (held >= 8) {
      held -= 8;
      out[at++] = static_cast<std::uint8_t>(bits >> held & 0xff);
    }
  }
  return (bits & ((1U << held) - 1)) == 0;
}

std::optional<Bytes> decode_base64url(std::string_view text) {
  if (text.size() % 4 == 1) return std::nullopt;
  Bytes bytes(text.size() * 3 / 4);
  if (!decode_base64url(text, bytes)) return std::nullopt;
  return bytes;
}

// base64url with two other characters.

std::string encode_base64(ByteView bytes, Padding padding) {
  std::string text = encode_base64url(bytes);
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  if (padding == Padding::full) text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::optional<Bytes> decode_base64(std::string_view text) {
  if (text.find_first_of("-_") != std::string_view::npos) return std::nullopt;
  std::string url{text};
  std::ranges::replace(url, '+', '-');
  std::ranges::replace(url, '/', '_');
  return decode_base64url(url);
}

}  // namespace latchkey
