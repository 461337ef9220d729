#include "http/cors.h"

#include <stdexcept>

#include "base/unicode.h"
#include "http/wire/framing.h"

namespace latchkey::http {

namespace {

bool is_origin(std::string_view text) {
  std::size_t end = text.find("://");
  if (end == std::string_view::npos || to_lower_ascii(text) != text) return false;
  std::string_view scheme = text.substr(0, end);
  return (scheme == "https" || scheme == "http") && wire::is_valid_host(text.substr(end + 3));
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

void Cors::describe_preflight(Response& response, std::string_view allow) const {
  response.headers.push_back({"Access-Control-Allow-Methods", std::string(allow)});
  response.headers.push_back({"Access-Control-Allow-Headers", "Authorization, Content-Type"});
  response.headers.push_back({"Access-Control-Max-Age", "600"});
}

}  // namespace latchkey::http
