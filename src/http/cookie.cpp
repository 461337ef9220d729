#include "http/cookie.h"

#include <algorithm>
#include <stdexcept>

#include "base/unicode.h"
#include "http/escape.h"

namespace latchkey::http {
namespace {

/// `cookie-octet` of RFC 6265 §4.1.1.
bool is_cookie_octet(char c) {
  return c == 0x21 || (c >= 0x23 && c <= 0x2B) || (c >= 0x2D && c <= 0x3A) || (c >= 0x3C && c <= 0x5B) ||
         (c >= 0x5D && c <= 0x7E);
}

bool is_cookie_value(std::string_view text) { return std::ranges::all_of(text, is_cookie_octet); }

struct Search {
  std::string_view name;
  std::optional<std::string_view> value{};
  int found = 0;

  void look_at(std::string_view pair) {
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || trim_blanks(pair.substr(0, equals)) != name) return;
    ++found;
    const auto text = trim_blanks(pair.substr(equals + 1));
    if (is_cookie_value(text)) value = text;
  }
};

}  // namespace

std::optional<std::string_view> find_cookie(const Request& request, std::string_view name) {
  Search search{.name = name};
  for (const HeaderView& line : request.headers) {
    if (!equal_ignoring_ascii_case(line.name, "Cookie")) continue;
    std::string_view rest = line.value;
    while (!rest.empty()) {
      const auto end = std::min(rest.find(';'), rest.size());
      search.look_at(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  if (search.found != 1) return std::nullopt;
  return search.value;
}

void set_cookie(Response& response, std::string_view name, std::string_view value,
                std::optional<Seconds> lives) {
  if (!is_cookie_value(value)) throw std::logic_error("no cookie can have this value");
  std::string text(name);
  text.append("=").append(value).append("; Path=/; Secure; HttpOnly; SameSite=Lax");
  if (lives.has_value()) text.append("; Max-Age=").append(std::to_string(lives->count()));
  response.headers.push_back({"Set-Cookie", std::move(text)});
}

void expire_cookie(Response& response, std::string_view name) { set_cookie(response, name, "", Seconds(0)); }

}  // namespace latchkey::http
