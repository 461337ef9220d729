#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace latchkey::settings {

/// Where a listener binds: a literal IPv4 or IPv6 address (no brackets, no names) and a port; port 0 lets the
/// system pick.
struct Endpoint {
  std::string address;
  std::uint16_t port = 0;
  auto operator<=>(const Endpoint&) const = default;
};

/// `127.0.0.1:8080`, `[::1]:8080`; `localhost` is taken for 127.0.0.1.
std::optional<Endpoint> parse_endpoint(std::string_view text);
/// The form that `parse_endpoint` reads, with brackets around IPv6.
std::string to_string(const Endpoint& endpoint);

/// 127.0.0.0/8, ::1, IPv4-mapped loopback, or the name `localhost`. `host` comes without brackets.
bool is_loopback(std::string_view host);
/// 0.0.0.0 or ::, the addresses that nobody can be sent to.
bool is_unspecified(std::string_view host);

/// The `address/prefix` form of an address or a network, host bits cleared; nothing for anything else.
std::optional<std::string> normalise_network(std::string_view text);

/// The parts of `scheme://host[:port][/path]`, lower-cased where case does not count; brackets are taken off
/// an IPv6 host. Nothing when there is user information, a query, a fragment, white space, a bad host, or a
/// bad port.
struct Url {
  std::string scheme;
  std::string host;
  std::optional<std::uint16_t> port;
  std::string path;  ///< without a trailing slash
};
std::optional<Url> parse_url(std::string_view text);
std::string to_string(const Url& url);

}  // namespace latchkey::settings
