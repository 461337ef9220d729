#include "base/unicode.h"

#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <new>

namespace latchkey {
namespace {

const std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

struct Free {
  void operator()(std::uint8_t* memory) const { std::free(memory); }  // libunistring allocates with malloc
};

/// Owns what libunistring returned; null with errno ENOMEM is the only failure left for valid UTF-8.
std::string take(std::uint8_t* memory, std::size_t size) {
  const std::unique_ptr<std::uint8_t, Free> owner(memory);
  if (memory == nullptr) throw std::bad_alloc();
  return {reinterpret_cast<const char*>(memory), size};
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// Format characters (Cf) that show: signs that enclose the digits after them.
bool is_enclosing_sign(ucs4_t c) {
  constexpr std::array<ucs4_t, 13> signs{0x600, 0x601, 0x602, 0x603, 0x604,   0x605,  0x6dd,
                                         0x70f, 0x890, 0x891, 0x8e2, 0x110bd, 0x110cd};
  return std::ranges::find(signs, c) != signs.end();
}

bool is_visible(ucs4_t c) {
  constexpr ucs4_t braille_blank = 0x2800;  // a symbol by its category, without a dot
  if (c == braille_blank || uc_is_property(c, UC_PROPERTY_WHITE_SPACE) ||
      uc_is_property(c, UC_PROPERTY_DEFAULT_IGNORABLE_CODE_POINT))
    return false;
  if (uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Cf)) return is_enclosing_sign(c);
  return !uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Cc);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool is_valid_utf8(std::string_view text) { return u8_check(bytes_of(text), text.size()) == nullptr; }

std::optional<std::string> to_nfc(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  if (!is_valid_utf8(text)) return std::nullopt;
  std::size_t size = 0;
  std::uint8_t* normal = u8_normalize(UNINORM_NFC, bytes_of(text), text.size(), nullptr, &size);
  return take(normal, size);
}

std::string_view trim(std::string_view text) {
  const auto is_space = [](ucs4_t c) { return uc_is_property(c, UC_PROPERTY_WHITE_SPACE); };
  while (!text.empty()) {
    ucs4_t c = 0;
    const int size = u8_mbtoucr(&c, bytes_of(text), text.size());
    if (size <= 0 || !is_space(c)) break;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  while (!text.empty()) {
    // The last character starts at the last byte that is not a continuation byte, at most four back.
    std::size_t at = text.size() - 1;
    while (at > 0 && text.size() - at < 4 && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) --at;
    const std::size_t size = text.size() - at;
    ucs4_t c = 0;
    if (u8_mbtoucr(&c, bytes_of(text) + at, size) != static_cast<int>(size) || !is_space(c)) break;
    text.remove_suffix(size);
  }
  return text;
}

std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  return text.starts_with(mark) ? text.substr(mark.size()) : text;
}

std::size_t count_code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool has_control_characters(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return true;
    // C1 in UTF-8 is C2 80 to C2 9F.
    if (byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

bool has_visible_characters(std::string_view text) {
  while (!text.empty()) {
    ucs4_t c = 0;
    const int size = u8_mbtoucr(&c, bytes_of(text), text.size());
    if (size <= 0) return false;
    if (is_visible(c)) return true;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return false;
}

std::optional<std::string> fold_case(std::string_view text) {
  if (is_ascii(text)) return to_lower_ascii(text);
  if (!is_valid_utf8(text)) return std::nullopt;
  // Folding can undo the normal form and the other way round; twice is what NFKC_Casefold settles after.
  std::string folded(text);
  for (int pass = 0; pass < 2; ++pass) {
    std::size_t size = 0;
    std::uint8_t* result =
        u8_casefold(bytes_of(folded), folded.size(), nullptr, UNINORM_NFKC, nullptr, &size);
    folded = take(result, size);
  }
  return folded;
}

std::string to_lower_ascii(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

bool equal_ignoring_ascii_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace latchkey
