#include "http/charset.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace latchkey::http {

namespace {

constexpr std::size_t longest_label = 16;  // of those below

constexpr std::string_view ascii_supersets[] = {
    // ASCII itself
    "ascii", "usascii", "us", "ansix341968", "ansix341986", "iso646us", "isoir6", "ibm367", "cp367",
    // ISO 8859 by its other names, and what stands beside it
    "latin1", "latin2", "latin3", "latin4", "latin5", "latin6", "latin7", "latin8", "latin9", "latin10",
    "iso88596e", "iso88596i", "iso88598e", "iso88598i", "tis620", "koi8", "koi8r", "koi8u", "koi8ru",
    // Windows, DOS and Macintosh, but for windows-125x
    "windows874", "cp874", "ibm437", "cp437", "ibm850", "cp850", "ibm852", "cp852", "ibm855", "cp855",
    "ibm858", "cp858", "ibm866", "cp866", "macintosh", "macroman", "xmacroman", "xmaccyrillic",
    // East Asia: bytes below 0x80 are ASCII unless a byte above stands before them
    "gb2312", "gbk", "cp936", "windows936", "gb18030", "big5", "big5hkscs", "cp950", "eucjp", "shiftjis",
    "sjis", "mskanji", "windows31j", "cp932", "euckr", "ksc56011987", "ksc5601", "windows949", "cp949",
    "euctw"};

/// Whether `text` is `prefix` and a number from `first` to `last`.
bool is_numbered(std::string_view text, std::string_view prefix, int first, int last) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  if (text.empty() || text.size() > 2 || text.front() == '0') return text == "0" && first == 0;
  int number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    number = number * 10 + (c - '0');
  }
  return number >= first && number <= last;
}

}  // namespace

Charset classify_charset(std::string_view label) {
  label = label.substr(0, std::min(label.find(':'), label.size()));
  std::array<char, longest_label> letters{};
  std::size_t size = 0;
  for (const char c : label) {
    if (c == '-' || c == '_' || c == ' ') continue;
    const bool upper = c >= 'A' && c <= 'Z';
    const bool counts = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!counts && c != '.') return Charset::other;  // ANSI_X3.4-1968
    if (!counts) continue;
    if (size == letters.size()) return Charset::other;
    letters[size++] = static_cast<char>(upper ? c - 'A' + 'a' : c);
  }
  const std::string_view name(letters.data(), size);
  if (name == "utf8") return Charset::utf8;
  const bool known = is_numbered(name, "iso8859", 1, 16) || is_numbered(name, "windows125", 0, 8) ||
                     is_numbered(name, "cp125", 0, 8) || std::ranges::count(ascii_supersets, name) > 0;
  return known ? Charset::ascii_superset : Charset::other;
}

}  // namespace latchkey::http
