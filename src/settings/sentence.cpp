#include "settings/sentence.h"

#include "base/json.h"
#include "base/unicode.h"

namespace latchkey::settings {
namespace {

/// What stands before the last @ of a URL can be a password, which no sentence shows.
std::string without_user_information(std::string_view text) {
  const std::size_t at_sign = text.rfind('@');
  if (at_sign == std::string_view::npos || text.substr(0, at_sign).find(':') == std::string_view::npos)
    return std::string(text);
  const std::size_t scheme_end = text.substr(0, at_sign).find("://");
  const std::size_t begin = scheme_end == std::string_view::npos ? 0 : scheme_end + 3;
  return std::string(text.substr(0, begin)) + "..." + std::string(text.substr(at_sign));
}

}  // namespace

std::string quote(std::string_view value) {
  constexpr std::size_t most = 60;
  if (!is_valid_utf8(value)) return "(not UTF-8)";
  const std::string text = without_user_information(value);
  std::string shown;
  for (const char c : std::string_view(text).substr(0, most))
    shown.push_back(static_cast<unsigned char>(c) < 0x80 ? c : '?');
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
