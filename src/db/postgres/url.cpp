#include "db/postgres/url.h"

#include <algorithm>
#include <array>

namespace latchkey::db::postgres {
namespace {

bool is_hexadecimal(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool has_whole_encodings(std::string_view text) {
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    const std::string_view digits = text.substr(at + 1, 2);
    if (digits.size() < 2 || !std::ranges::all_of(digits, is_hexadecimal) || digits == "00") return false;
  }
  return true;
}

bool any_parameter(const UrlParts& parts, auto&& holds) {
  std::string_view rest = parts.query.value_or("");
  while (!rest.empty()) {
    const std::string_view parameter = rest.substr(0, rest.find('&'));
    const std::size_t equals = parameter.find('=');
    const std::string_view value = equals == std::string_view::npos ? "" : parameter.substr(equals + 1);
    if (holds(parameter.substr(0, equals), value)) return true;
    rest.remove_prefix(std::min(parameter.size() + 1, rest.size()));
  }
  return false;
}

bool has_parameter(const UrlParts& parts, std::string_view name) {
  return any_parameter(parts, [&](std::string_view found, std::string_view) { return found == name; });
}

// Where libpq takes an @ as it stands. In any other parameter it is the one behind a password with a raw ?.
bool takes_at_sign(std::string_view name) {
  constexpr std::array<std::string_view, 8> names{"host",   "user",     "password", "sslpassword",
                                                  "dbname", "passfile", "options",  "application_name"};
  return std::ranges::find(names, name) != names.end();
}

bool has_misplaced_at_sign(const UrlParts& parts) {
  return parts.place.find('@') != std::string_view::npos ||
         any_parameter(parts, [](std::string_view name, std::string_view value) {
           return name.find('@') != std::string_view::npos ||
                  (!takes_at_sign(name) && value.find('@') != std::string_view::npos);
         });
}

// `us:4711/x?user=y@h/d` is a server called `us` to libpq, and to its operator a password with a raw `/` and
// a raw `?`. A colon before the last `@` is what the two have in common.
bool has_ambiguous_password(const UrlParts& parts) {
  const std::string_view query = parts.query.value_or("");
  const std::size_t at_sign = query.rfind('@');
  if (at_sign == std::string_view::npos) return false;
  const auto before = {parts.user_information, parts.place, query.substr(0, at_sign)};
  return std::ranges::any_of(
      before, [](std::string_view piece) { return piece.find(':') != std::string_view::npos; });
}

}  // namespace

UrlParts split_url(std::string_view url) {
  UrlParts parts;
  url.remove_prefix(std::min(url.find("://") + 3, url.size()));
  const std::size_t end = url.find_first_of("@/");
  if (end != std::string_view::npos && url[end] == '@') {
    parts.user_information = url.substr(0, end);
    url.remove_prefix(end + 1);
  }
  const std::size_t question_mark = url.find('?');
  parts.place = url.substr(0, question_mark);
  if (question_mark != std::string_view::npos) parts.query = url.substr(question_mark + 1);
  return parts;
}

std::string_view how_to_encode() {
  return "in the username, the password and the name of the database, every character other than letters, "
         "digits "
         "and - . _ ~ must be percent-encoded (% is %25, @ is %40, : is %3A, / is %2F, ? is %3F, # is %23)";
}

std::optional<std::string> find_misplaced_pieces(std::string_view url) {
  if (!has_whole_encodings(url))
    return "a % in it is not followed by two hexadecimal digits: " + std::string(how_to_encode());
  const UrlParts parts = split_url(url);
  if (has_misplaced_at_sign(parts))
    return "it has an @ where none is allowed: " + std::string(how_to_encode());
  if (has_ambiguous_password(parts)) {
    return "an @ in a parameter must be written %40 if a : stands before it, because both can belong to a "
           "password: " +
           std::string(how_to_encode());
  }
  return std::nullopt;
}

bool holds_password(std::string_view url) {
  const UrlParts parts = split_url(url);
  return parts.user_information.find(':') != std::string_view::npos || has_parameter(parts, "password") ||
         has_parameter(parts, "sslpassword");
}

Secret with_parameters(const Secret& url,
                       std::span<const std::pair<std::string_view, std::string_view>> parameters) {
  const UrlParts parts = split_url(url.text());
  std::size_t size = url.text().size();
  for (const auto& [name, value] : parameters) size += name.size() + value.size() + 2;
  std::string text;
  text.reserve(size);  // so that no copy of a password is left behind
  text += url.text();
  char separator = parts.query ? '&' : '?';
  for (const auto& [name, value] : parameters) {
    if (has_parameter(parts, name)) continue;
    text.push_back(std::exchange(separator, '&'));
    text.append(name).append("=").append(value);
  }
  Secret longer(text);
  wipe(text);
  return longer;
}

}  // namespace latchkey::db::postgres
