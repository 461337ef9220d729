#include "http/cors.h"

#include <algorithm>
#include <stdexcept>

#include "base/unicode.h"
#include "http/escape.h"
#include "http/wire/framing.h"

namespace latchkey::http {

namespace {

bool is_origin(std::string_view text) {
  std::size_t end = text.find("://");
  if (end == std::string_view::npos || to_lower_ascii(text) != text) return false;
  std::string_view scheme = text.substr(0, end);
  return (scheme == "https" || scheme == "http") && wire::is_valid_host(text.substr(end + 3));
}

/// The names of all `Access-Control-Request-Headers` lines (Fetch §4.8) as one list; empty where they are
/// none, too many, or no tokens. What a token may hold can end no header line.
std::string asked_headers(const Request& request) {
  std::string names;
  std::size_t count = 0;
  for (const HeaderView& line : request.headers) {
    if (!equal_ignoring_ascii_case(line.name, "Access-Control-Request-Headers")) continue;
    for (std::string_view rest = line.value; !rest.empty();) {
      std::size_t end = std::min(rest.find(','), rest.size());
      std::string_view name = trim_blanks(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (name.empty()) continue;  // RFC 9110 §5.6.1.2
      if (++count > Cors::max_asked_headers || !std::all_of(name.begin(), name.end(), is_token_char))
        return {};
      if (!names.empty()) names += ", ";
      names += name;
    }
  }
  return names;
}

}  // namespace

Cors::Cors(std::vector<std::string> origins) : origins_(std::move(origins)) {
  for (const std::string& origin : origins_)
    if (!is_origin(origin))
      throw std::invalid_argument("CORS origin \"" + origin +
                                  "\" is not of the form https://host or https://host:port");
}

std::optional<std::string_view> Cors::allowed_origin(const Request& request) const {
  if (origins_.empty() || request.header_count("Origin") != 1) return std::nullopt;
  std::string_view origin = *request.header("Origin");
  for (const std::string& allowed : origins_)
    if (allowed == origin) return allowed;
  return std::nullopt;
}

bool Cors::is_preflight(const Request& request) {
  return request.header("Origin").has_value() && request.header("Access-Control-Request-Method").has_value();
}

void Cors::describe_preflight(Response& response, const Request& request, std::string_view allow) const {
  std::string names = asked_headers(request);
  if (names.empty()) names = "Authorization, Content-Type";
  response.headers.push_back({"Access-Control-Allow-Methods", std::string(allow)});
  response.headers.push_back({"Access-Control-Allow-Headers", std::move(names)});
  response.headers.push_back({"Access-Control-Max-Age", "600"});
}

}  // namespace latchkey::http
