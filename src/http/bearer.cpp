#include "http/bearer.h"

#include <algorithm>
#include <array>

#include "base/unicode.h"
#include "http/escape.h"

namespace latchkey::http {

namespace {

/// `token68` without its padding (RFC 9110 §11.2), as a table: every request with a token is looked at byte
/// by byte.
constexpr auto token68_chars = [] {
  std::array<bool, 256> allowed{};
  for (const char c :
       std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/")) {
    allowed[static_cast<unsigned char>(c)] = true;
  }
  return allowed;
}();

/// A function object: a pointer to a function would be called for every byte of every token.
constexpr auto is_token68_char = [](char c) { return token68_chars[static_cast<unsigned char>(c)]; };

bool names_bearer(std::string_view value) {
  constexpr std::string_view scheme = "Bearer";
  return value.size() >= scheme.size() && equal_ignoring_ascii_case(value.substr(0, scheme.size()), scheme) &&
         (value.size() == scheme.size() || value[scheme.size()] == ' ');
}

}  // namespace

std::optional<std::string_view> bearer_token(const Request& request) {
  if (request.header_count("Authorization") != 1) return std::nullopt;
  std::string_view value = *request.header("Authorization");
  if (!names_bearer(value)) return std::nullopt;
  std::string_view token = trim_blanks(value.substr(std::min<std::size_t>(7, value.size())));
  std::string_view body = token.substr(0, std::min(token.find('='), token.size()));
  std::string_view padding = token.substr(body.size());
  if (body.empty() || !std::all_of(body.begin(), body.end(), is_token68_char)) return std::nullopt;
  if (padding.find_first_not_of('=') != std::string_view::npos) return std::nullopt;
  return token;
}

bool presents_bearer(const Request& request) {
  for (const HeaderView& line : request.headers)
    if (equal_ignoring_ascii_case(line.name, "Authorization") && names_bearer(line.value)) return true;
  return false;
}

}  // namespace latchkey::http
