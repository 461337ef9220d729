#pragma once

#include <string_view>

#include "base/eight_bytes.h"

namespace latchkey::http {

/// Whether a byte below 0x20 other than TAB, or 0x7f, stands in `text`: what no header line may hold (RFC
/// 9110 §5.5).
inline bool has_control_bytes(std::string_view text) {
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 8; at += 8, left -= 8) {
    EightBytes eight(at);
    if (!eight.has_below(0x20) && !eight.has(0x7f)) continue;
    if (std::string_view(at, 8).find('\t') == std::string_view::npos) return true;
    break;
  }
  for (; left > 0; ++at, --left) {
    auto byte = static_cast<unsigned char>(*at);
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f) return true;
  }
  return false;
}

constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The byte that `%XX` at the start of `text` stands for (RFC 3986 §2.1), or -1.
constexpr int unescape(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') return -1;
  int high = hex_digit(text[1]);
  int low = hex_digit(text[2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/// `tchar` of RFC 9110 §5.6.2.
constexpr bool is_token_char(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// `OWS` of RFC 9110 §5.6.3 taken off both ends.
constexpr std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace latchkey::http
