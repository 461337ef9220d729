#include "settings/sentence.h"

#include "base/json.h"
#include "base/unicode.h"

namespace latchkey::settings {

std::string quote(std::string_view text) {
  constexpr std::size_t most = 60;
  if (!is_valid_utf8(text)) return "(not UTF-8)";
  std::string shown;
  for (const char c : text.substr(0, most)) shown.push_back(static_cast<unsigned char>(c) < 0x80 ? c : '?');
  if (text.size() > most) shown += "...";
  std::string quoted;
  append_json_string(quoted, shown);
  return quoted;
}

std::string shell_word(std::string_view text) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-";
  if (!text.empty() && text.find_first_not_of(plain) == std::string_view::npos) return std::string(text);
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'') {
      word += "'\\''";
    } else {
      word.push_back(c);
    }
  }
  return word + '\'';
}

}  // namespace latchkey::settings
