#include "mail/encoding.h"

#include <algorithm>

namespace latchkey::mail {
namespace {

constexpr std::size_t max_line = 998;
constexpr std::size_t max_encoded_line = 76;
constexpr std::string_view word_start = "=?UTF-8?Q?";
constexpr std::string_view word_end = "?=";

bool is_high(char c) { return static_cast<unsigned char>(c) >= 0x80; }
bool is_printable(char c) { return c >= ' ' && c <= '~'; }
/// The inner bytes of a character in UTF-8.
bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

void append_hex(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out += '=';
  out += digits[byte >> 4];
  out += digits[byte & 15];
}

/// What RFC 2047 §5 (3) allows inside a phrase.
bool is_plain_in_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '!' || c == '*' ||
         c == '+' || c == '-' || c == '/';
}

std::string encode_for_word(std::string_view character) {
  std::string out;
  for (const char c : character) {
    if (c == ' ') {
      out += '_';
    } else if (is_plain_in_word(c)) {
      out += c;
    } else {
      append_hex(out, c);
    }
  }
  return out;
}

}  // namespace

bool is_plain_ascii(std::string_view text) { return std::ranges::all_of(text, is_printable); }

std::size_t count_high_bytes(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, is_high));
}

std::string use_crlf(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 16 + 2);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' || text[i] == '\n') {
      if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
      out += "\r\n";
    } else {
      out += text[i];
    }
  }
  if (!out.ends_with("\r\n")) out += "\r\n";
  return out;
}

bool has_short_plain_lines(std::string_view text) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) == "\r\n") {
      length = 0;
      ++i;
    } else if ((!is_printable(text[i]) && !is_high(text[i]) && text[i] != '\t') || ++length > max_line) {
      return false;
    }
  }
  return true;
}

std::string encode_quoted_printable(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 4);
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) == "\r\n") {
      out += "\r\n";
      column = 0;
      ++i;
      continue;
    }
    const char c = text[i];
    const bool at_end = text.substr(i + 1, 2) == "\r\n" || i + 1 == text.size();
    const bool plain = (is_printable(c) && c != '=' && (c != ' ' || !at_end)) || (c == '\t' && !at_end);
    // Room is kept for the "=" of a soft break.
    if (column + (plain ? 1 : 3) > max_encoded_line - 1) {
      out += "=\r\n";
      column = 0;
    }
    if (plain) {
      out += c;
      ++column;
    } else {
      append_hex(out, c);
      column += 3;
    }
  }
  return out;
}

std::string encode_words(std::string_view text, std::size_t first_column) {
  std::string out(word_start);
  std::size_t column = first_column + word_start.size();
  while (!text.empty()) {
    std::size_t size = 1;
    while (size < text.size() && is_continuation(text[size])) ++size;
    const std::string piece = encode_for_word(text.substr(0, size));
    if (column + piece.size() + word_end.size() > 75) {
      // White space between two encoded words is not part of the text.
      out += word_end;
      out += "\r\n ";
      out += word_start;
      column = 1 + word_start.size();
    }
    out += piece;
    column += piece.size();
    text.remove_prefix(size);
  }
  return out += word_end;
}

}  // namespace latchkey::mail
