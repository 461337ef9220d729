#include "http/cors.h"

#include <stdexcept>

#include "base/unicode.h"
#include "http/wire/framing.h"

namespace latchkey::http {

namespace {

/// RFC 3986 §3.1, in lower case.
bool is_scheme(std::string_view text) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz";
  constexpr std::string_view all = "abcdefghijklmnopqrstuvwxyz0123456789+-.";
  return !text.empty() && letters.find(text.front()) != std::string_view::npos &&
         text.find_first_not_of(all) == std::string_view::npos;
}

bool is_origin(std::string_view text) {
  std::size_t end = text.find("://");
  if (end == std::string_view::npos || to_lower_ascii(text) != text) return false;
  return is_scheme(text.substr(0, end)) && wire::is_valid_host(text.substr(end + 3));
}

constexpr std::string_view any = "*";

}  // namespace

Cors::Cors(std::vector<std::string> origins)
    : origins_(std::move(origins)), allows_all_(origins_ == std::vector{std::string(any)}) {
  if (allows_all_) return;
  for (const std::string& origin : origins_)
    if (!is_origin(origin))
      throw std::invalid_argument("CORS origin \"" + origin +
                                  "\" is not of the form scheme://host or scheme://host:port");
}

std::optional<std::string_view> Cors::allowed_origin(const Request& request) const {
  if (allows_all_) return any;
  if (origins_.empty() || request.header_count("Origin") != 1) return std::nullopt;
  std::string_view origin = *request.header("Origin");
  for (const std::string& allowed : origins_)
    if (allowed == origin) return allowed;
  return std::nullopt;
}

bool Cors::is_preflight(const Request& request) {
  return request.header("Origin").has_value() && request.header("Access-Control-Request-Method").has_value();
}

void Cors::describe_preflight(Response& response, std::string_view allow) const {
  response.headers.push_back({"Access-Control-Allow-Methods", std::string(allow)});
  response.headers.push_back({"Access-Control-Allow-Headers", "Authorization, Content-Type"});
  response.headers.push_back({"Access-Control-Max-Age", "600"});
}

}  // namespace latchkey::http
