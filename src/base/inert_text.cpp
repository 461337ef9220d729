#include "base/inert_text.h"

#include <unistr.h>

#include <algorithm>
#include <cstdint>

namespace latchkey {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

struct Range {
  char32_t first;
  char32_t last;
};

/// Sorted. The two joiners (U+200C, U+200D) are not here: Persian, Indic scripts and emoji need them.
constexpr Range forbidden[] = {
    {0x0000, 0x001F},    // C0
    {0x007F, 0x009F},    // DEL, C1
    {0x00AD, 0x00AD},    // soft hyphen
    {0x034F, 0x034F},    // combining grapheme joiner
    {0x061C, 0x061C},    // Arabic letter mark
    {0x115F, 0x1160},    // Hangul fillers
    {0x17B4, 0x17B5},    // invisible Khmer vowels
    {0x180E, 0x180E},    // Mongolian vowel separator
    {0x200B, 0x200B},    // zero-width space
    {0x200E, 0x200F},    // left-to-right and right-to-left marks
    {0x2028, 0x202E},    // line and paragraph separators, embeddings and overrides
    {0x2060, 0x206F},    // word joiner, invisible operators, isolates, deprecated marks
    {0x3164, 0x3164},    // Hangul filler
    {0xFEFF, 0xFEFF},    // byte order mark
    {0xFFA0, 0xFFA0},    // half-width Hangul filler
    {0xFFF9, 0xFFFB},    // interlinear annotations
    {0x1D173, 0x1D17A},  // musical format marks
    {0xE0000, 0xE0FFF},  // tags
};

bool is_forbidden(char32_t c) {
  const auto* range = std::ranges::lower_bound(forbidden, c, {}, &Range::last);
  return range != std::end(forbidden) && c >= range->first;
}

/// Hands `text` on piece by piece, each of them a whole character or a replacement.
template <class Sink>
void for_each_inert(std::string_view text, Sink&& sink) {
  while (!text.empty()) {
    ucs4_t c = 0;
    const int size = u8_mbtoucr(&c, reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    if (size <= 0) {
      sink(replacement);
      text.remove_prefix(1);
    } else {
      sink(is_forbidden(c) ? replacement : text.substr(0, static_cast<std::size_t>(size)));
      text.remove_prefix(static_cast<std::size_t>(size));
    }
  }
}

}  // namespace

std::string make_inert(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  append_inert(out, text);
  return out;
}

void append_inert(std::string& out, std::string_view text) {
  for_each_inert(text, [&](std::string_view piece) { out += piece; });
}

void append_html(std::string& out, std::string_view text) {
  for_each_inert(text, [&](std::string_view piece) {
    switch (piece[0]) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += piece;
    }
  });
}

}  // namespace latchkey
