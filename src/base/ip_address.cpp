#include "base/ip_address.h"

#include <algorithm>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <charconv>

namespace latchkey {
namespace {

namespace ip = boost::asio::ip;

/// Of an IPv6 address with an IPv4 address in its last 32 bits (RFC 4291 §2.2).
constexpr std::size_t longest_address = 45;
constexpr unsigned bits_of_v4 = 32;
constexpr unsigned bits_of_v6 = 128;
/// Before the IPv4 address in an IPv4-mapped one (RFC 4291 §2.5.5.2).
constexpr unsigned bits_of_mapping = bits_of_v6 - bits_of_v4;

/// As it is written: an IPv4-mapped address stays one.
std::optional<ip::address> parse_as_written(std::string_view text) {
  // Asio would take a zone behind a percent sign, and what stands before a NUL.
  if (text.size() > longest_address ||
      text.find_first_of(std::string_view("%\0", 2)) != std::string_view::npos)
    return std::nullopt;
  boost::system::error_code error;
  const ip::address address = ip::make_address(text, error);
  if (error) return std::nullopt;
  return address;
}

bool is_mapped(const ip::address& address) { return address.is_v6() && address.to_v6().is_v4_mapped(); }

ip::address unmap(const ip::address& address) {
  if (!is_mapped(address)) return address;
  return ip::make_address_v4(ip::v4_mapped, address.to_v6());
}

std::optional<unsigned> parse_prefix(std::string_view length, unsigned most) {
  unsigned prefix = 0;
  const char* const text_end = length.data() + length.size();
  const auto [end, error] = std::from_chars(length.data(), text_end, prefix);
  if (error != std::errc{} || end != text_end || prefix > most) return std::nullopt;
  return prefix;
}

}  // namespace

std::optional<ip::address> parse_ip_address(std::string_view text) {
  const std::optional<ip::address> address = parse_as_written(text);
  return address ? std::optional(unmap(*address)) : std::nullopt;
}

bool is_loopback(std::string_view host) {
  const std::optional<ip::address> address = parse_ip_address(host);
  return host == "localhost" || (address && address->is_loopback());
}

std::optional<std::string> loopback_twin(std::string_view address) {
  if (address == "127.0.0.1") return "::1";
  if (address == "::1") return "127.0.0.1";
  return std::nullopt;
}

bool is_unspecified(std::string_view host) {
  const std::optional<ip::address> address = parse_ip_address(host);
  return address && address->is_unspecified();
}

std::optional<IpNetwork> IpNetwork::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::optional<ip::address> address = parse_as_written(text.substr(0, slash));
  if (!address) return std::nullopt;
  const unsigned width = address->is_v4() ? bits_of_v4 : bits_of_v6;
  std::optional<unsigned> prefix = width;
  if (slash != std::string_view::npos) prefix = parse_prefix(text.substr(slash + 1), width);
  if (prefix && is_mapped(*address)) {
    // A shorter one would be all IPv4 addresses and some IPv6 addresses that nobody has.
    if (*prefix < bits_of_mapping) return std::nullopt;
    *prefix -= bits_of_mapping;
  }
  if (!prefix) return std::nullopt;
  return IpNetwork(unmap(*address), static_cast<unsigned short>(*prefix));
}

ip::address IpNetwork::first(const ip::address& address) const {
  if (address.is_v4()) return ip::make_network_v4(address.to_v4(), prefix_).network();
  return ip::make_network_v6(address.to_v6(), prefix_).network();
}

bool IpNetwork::contains(const ip::address& address) const {
  return address.is_v4() == address_.is_v4() && first(address) == first(address_);
}

std::string IpNetwork::to_string() const {
  return first(address_).to_string() + '/' + std::to_string(prefix_);
}

}  // namespace latchkey
