#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace latchkey {

/// Whom limits and shares count as one client: an IPv4 address, or the 64-bit prefix of an IPv6 address,
/// since providers hand out at least that much to one customer (RFC 6177 §2). An IPv4-mapped address is its
/// IPv4 address. All texts that are no IP address, such as the empty one of the command line, are one client.
class ClientNetwork {
 public:
  /// The client of no address.
  constexpr ClientNetwork() = default;
  /// The network of an address as `parse_ip_address` reads it.
  static ClientNetwork of(std::string_view address);

  /// The 48-bit prefix that an IPv6 network belongs to, which one customer often has whole. An IPv4 address
  /// stays itself.
  ClientNetwork site() const;
  constexpr bool is_ipv6() const { return kind_ >= Kind::ipv6; }
  /// The same number for the same network. It is no hash: hash it before it becomes an index.
  constexpr std::uint64_t bits() const { return bits_; }

  friend constexpr auto operator<=>(const ClientNetwork&, const ClientNetwork&) = default;

 private:
  enum class Kind : std::uint8_t { none, ipv4, ipv6, ipv6_site };
  constexpr ClientNetwork(Kind kind, std::uint64_t bits) : bits_(bits), kind_(kind) {}

  std::uint64_t bits_ = 0;  ///< the address, or the prefix, as a number
  Kind kind_ = Kind::none;
  friend struct std::hash<ClientNetwork>;
};

}  // namespace latchkey

template <>
struct std::hash<latchkey::ClientNetwork> {
  std::size_t operator()(const latchkey::ClientNetwork& network) const noexcept {
    return std::hash<std::uint64_t>{}(network.bits_ * 4 + static_cast<std::uint64_t>(network.kind_));
  }
};
