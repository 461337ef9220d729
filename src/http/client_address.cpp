#include "http/client_address.h"

#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <optional>
#include <stdexcept>

#include "base/unicode.h"
#include "http/escape.h"

namespace latchkey::http {

namespace ip = boost::asio::ip;

namespace {

using Bits = std::array<std::uint8_t, 16>;

std::optional<ip::address> parse_address(std::string_view text) {
  constexpr std::size_t longest = 45;
  if (text.empty() || text.size() > longest || text.find('%') != std::string_view::npos) return std::nullopt;
  boost::system::error_code error;
  ip::address address = ip::make_address(text, error);
  if (error) return std::nullopt;
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return address;
}

Bits bits_of(const ip::address& address) {
  return address.is_v6() ? address.to_v6().to_bytes()
                         : ip::make_address_v6(ip::v4_mapped, address.to_v4()).to_bytes();
}

/// Whether all bits from `prefix` on are zero.
bool is_network(const Bits& bits, unsigned prefix) {
  for (unsigned i = prefix; i < 128; ++i)
    if ((bits[i / 8] >> (7 - i % 8)) & 1) return false;
  return true;
}

bool same_prefix(const Bits& a, const Bits& b, unsigned prefix) {
  unsigned whole = prefix / 8;
  for (unsigned i = 0; i < whole; ++i)
    if (a[i] != b[i]) return false;
  unsigned rest = prefix % 8;
  return rest == 0 || (a[whole] >> (8 - rest)) == (b[whole] >> (8 - rest));
}

/// One hop of X-Forwarded-For: an address, perhaps with a port.
std::optional<ip::address> parse_hop(std::string_view hop) {
  hop = trim_blanks(hop);
  if (hop.starts_with('[')) {
    std::size_t bracket = hop.find(']');
    if (bracket == std::string_view::npos) return std::nullopt;
    std::string_view after = hop.substr(bracket + 1);
    if (!after.empty() && after.front() != ':') return std::nullopt;
    return parse_address(hop.substr(1, bracket - 1));
  }
  std::size_t colon = hop.find(':');
  bool with_port = colon != std::string_view::npos && hop.find(':', colon + 1) == std::string_view::npos;
  return parse_address(with_port ? hop.substr(0, colon) : hop);
}

}  // namespace

TrustedProxies::TrustedProxies(std::span<const std::string> networks) {
  for (const std::string& entry : networks) {
    auto refuse = [&](const char* why) {
      throw std::invalid_argument("trusted proxy \"" + entry + "\" " + why);
    };
    std::string_view text = entry;
    std::size_t slash = text.find('/');
    std::optional<ip::address> address = parse_address(text.substr(0, slash));
    if (!address) refuse("is not an address or a network");
    unsigned width = address->is_v4() ? 32 : 128;
    unsigned prefix = width;
    if (slash != std::string_view::npos) {
      std::string_view digits = text.substr(slash + 1);
      auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
      if (error != std::errc() || end != digits.data() + digits.size() || prefix > width)
        refuse("has a bad prefix length");
    }
    if (prefix == 0) refuse("trusts everyone");
    Network network{bits_of(*address), prefix + 128 - width};
    if (!is_network(network.address, network.prefix)) refuse("has bits beyond its prefix");
    networks_.push_back(network);
  }
}

bool TrustedProxies::contains(std::string_view text) const {
  std::optional<ip::address> address = parse_address(text);
  if (!address) return false;
  Bits bits = bits_of(*address);
  for (const Network& network : networks_)
    if (same_prefix(bits, network.address, network.prefix)) return true;
  return false;
}

std::string canonical_address(std::string_view text) {
  std::optional<ip::address> address = parse_address(text);
  return address ? address->to_string() : std::string();
}

std::string client_address(std::string_view peer, std::span<const HeaderView> headers,
                           const TrustedProxies& trusted) {
  std::string client(peer);
  if (trusted.empty() || !trusted.contains(peer)) return client;
  for (auto line = headers.rbegin(); line != headers.rend(); ++line) {
    if (!equal_ignoring_ascii_case(line->name, "X-Forwarded-For")) continue;
    std::string_view rest = line->value;
    for (;;) {
      std::size_t comma = rest.rfind(',');
      std::optional<ip::address> hop =
          parse_hop(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
      if (!hop) return client;
      client = hop->to_string();
      if (!trusted.contains(client)) return client;
      if (comma == std::string_view::npos) break;
      rest = rest.substr(0, comma);
    }
  }
  return client;
}

}  // namespace latchkey::http
