// The values of single headers, each by its own reader: the first byte says which. What they give is bounded,
// and safe where it goes on to.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "base/client_network.h"
#include "base/ip_address.h"
#include "base/unicode.h"
#include "fuzz/require.h"
#include "http/bearer.h"
#include "http/charset.h"
#include "http/client_address.h"
#include "http/cookie.h"
#include "http/cors.h"
#include "http/language.h"
#include "http/media_type.h"
#include "http/wire/framing.h"
#include "http/wire/write_response.h"

using namespace latchkey;
using namespace latchkey::http;

namespace {

void check_media_type(std::string_view text) {
  const auto type = parse_media_type(text);
  prefers_html(text);
  if (!type) return;
  require(type->parameters.size() <= max_media_type_parameters);
  require(to_lower_ascii(type->essence) == type->essence && type->essence.find('/') != std::string::npos);
  type->charset();
}

void check_language(std::string_view text) {
  const std::string tag = preferred_language(text);
  require(tag.size() <= 35);
  require(std::ranges::all_of(tag, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  }));
}

void check_forwarded(std::string_view text) {
  static const TrustedProxies trusted(std::vector<std::string>{"10.0.0.0/8", "fd00::/8"});
  const std::size_t cut = std::min(text.find('\n'), text.size());
  const std::array<HeaderView, 2> lines{
      HeaderView{"X-Forwarded-For", text.substr(0, cut)},
      HeaderView{"x-forwarded-for", text.substr(std::min(cut + 1, text.size()))}};
  const std::string address = client_address("10.0.0.1", lines, trusted);
  require(canonical_address(address) == address);
  require(ClientNetwork::of(address) != ClientNetwork());
  require(client_address("192.0.2.1", lines, trusted) == "192.0.2.1");
}

void check_network(std::string_view text) {
  const auto network = IpNetwork::parse(text);
  if (!network) return;
  const auto again = IpNetwork::parse(network->to_string());
  require(again && again->to_string() == network->to_string() && again->has_only_prefix());
  const auto address = parse_ip_address(text.substr(0, text.find('/')));
  if (address) require(network->contains(*address));
}

void check_bearer(std::string_view text) {
  const HeaderView line{"Authorization", text};
  Request request;
  request.headers = {&line, 1};
  const auto token = bearer_token(request);
  if (!token) return;
  require(presents_bearer(request) && !token->empty());
  require(token->find_first_of(" \r\n\t\",") == std::string_view::npos);
}

void check_cors(std::string_view text) {
  static const Cors cors({"https://app.example.org"});
  const std::array<HeaderView, 3> lines{HeaderView{"Origin", text},
                                        HeaderView{"Access-Control-Request-Method", text},
                                        HeaderView{"Access-Control-Request-Headers", text}};
  Request request;
  request.headers = lines;
  const auto allowed = cors.allowed_origin(request);
  require(!allowed || *allowed == text);
  Response response;
  cors.describe_preflight(response, request, "GET, OPTIONS");
  require(wire::has_safe_headers(response));
}

void check_numbers(std::string_view text) {
  const int weight = parse_weight(text);
  require(weight >= -1 && weight <= 1000);
  classify_charset(text);
  wire::is_valid_host(text);
  const auto length = wire::parse_content_length(text);
  if (length) require(text.size() <= 18);
}

void check_cookie(std::string_view text) {
  const HeaderView line{"Cookie", text};
  Request request;
  request.headers = {&line, 1};
  const auto value = find_cookie(request, "a");
  if (!value) return;
  require(value->find_first_of(" ;,\"\\\t\r\n") == std::string_view::npos);
  // What was read can be set.
  Response response;
  set_cookie(response, "a", *value);
  require(wire::has_safe_headers(response));
}

constexpr std::array checks{check_media_type, check_language, check_forwarded, check_network,
                            check_bearer,     check_cors,     check_numbers,   check_cookie};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  checks[data[0] % checks.size()]({reinterpret_cast<const char*>(data + 1), size - 1});
  return 0;
}
