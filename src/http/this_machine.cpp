#include "http/this_machine.h"

#include <algorithm>

#include "base/ip_address.h"
#include "base/unicode.h"

namespace latchkey::http {
namespace {

constexpr std::string_view hosts[] = {"localhost", "127.0.0.1", "[::1]"};

bool names_this_machine(std::string_view host) {
  const auto port = host.rfind(':');
  // The colons within brackets belong to the address.
  if (port != host.npos && host.find(']', port) == host.npos) {
    const auto digits = host.substr(port + 1);
    if (!std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) return false;
    host = host.substr(0, port);
  }
  return std::ranges::any_of(hosts, [&](auto known) { return equal_ignoring_ascii_case(host, known); });
}

bool tells_of_proxy(std::string_view header) {
  constexpr std::string_view forwarded = "X-Forwarded-";
  return equal_ignoring_ascii_case(header.substr(0, forwarded.size()), forwarded) ||
         equal_ignoring_ascii_case(header, "Forwarded") || equal_ignoring_ascii_case(header, "X-Real-IP") ||
         equal_ignoring_ascii_case(header, "Via");
}

}  // namespace

bool comes_from_this_machine(const Request& request) {
  if (request.version != 11 || !request.target.starts_with('/') || !is_loopback(request.address))
    return false;
  const auto host = request.header("Host");
  return host.has_value() && names_this_machine(*host) &&
         std::ranges::none_of(request.headers, tells_of_proxy, &HeaderView::name);
}

}  // namespace latchkey::http
