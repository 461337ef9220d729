#pragma once

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace latchkey {

/// The one reader of IP addresses. IPv4 in dotted decimal, or IPv6 (RFC 4291 §2.2) without brackets and
/// without a zone; an IPv4-mapped address is the IPv4 address that it holds, so that one client has one
/// address on every socket. Nothing for any other text.
std::optional<boost::asio::ip::address> parse_ip_address(std::string_view text);

/// 127.0.0.0/8, ::1, or the name `localhost`. `host` comes without brackets.
bool is_loopback(std::string_view host);
/// The other one of the two addresses that `localhost` means, 127.0.0.1 and ::1; nothing for any other.
std::optional<std::string> loopback_twin(std::string_view address);
/// 0.0.0.0 or ::, the addresses that nobody can be sent to.
bool is_unspecified(std::string_view host);

/// Addresses that begin with the same bits.
class IpNetwork {
 public:
  /// `address/bits`, or an address alone, which is a network of one. An IPv4-mapped network is an IPv4
  /// network. Nothing for any other text.
  static std::optional<IpNetwork> parse(std::string_view text);

  bool contains(const boost::asio::ip::address& address) const;
  /// Whether no bit of the address stands behind the prefix, as it does in `10.0.0.1/8`.
  bool has_only_prefix() const { return address_ == first(address_); }
  bool is_everything() const { return prefix_ == 0; }
  /// The `address/bits` form with all bits behind the prefix cleared.
  std::string to_string() const;

 private:
  IpNetwork(const boost::asio::ip::address& address, unsigned short prefix)
      : address_(address), prefix_(prefix) {}
  /// The first address of the network of this size that `address` is in.
  boost::asio::ip::address first(const boost::asio::ip::address& address) const;

  boost::asio::ip::address address_;
  unsigned short prefix_;
};

}  // namespace latchkey
