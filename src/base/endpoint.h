#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace latchkey {

/// Where a listener binds: a literal IPv4 or IPv6 address (no brackets, no names) and a port; port 0 lets the
/// system pick.
struct Endpoint {
  std::string address;
  std::uint16_t port = 0;
  auto operator<=>(const Endpoint&) const = default;
};

/// As the authority of a URL has it: `127.0.0.1:8080`, `[::1]:8080`.
inline std::string to_string(const Endpoint& endpoint) {
  const bool v6 = endpoint.address.find(':') != std::string::npos;
  return (v6 ? '[' + endpoint.address + ']' : endpoint.address) + ':' + std::to_string(endpoint.port);
}

}  // namespace latchkey
