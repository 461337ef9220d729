#include "http/client_address.h"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "base/unicode.h"
#include "http/escape.h"

namespace latchkey::http {

namespace {

/// One hop of X-Forwarded-For: an address, perhaps with a port.
std::optional<boost::asio::ip::address> parse_hop(std::string_view hop) {
  hop = trim_blanks(hop);
  if (hop.starts_with('[')) {
    std::size_t bracket = hop.find(']');
    if (bracket == std::string_view::npos) return std::nullopt;
    std::string_view after = hop.substr(bracket + 1);
    if (!after.empty() && after.front() != ':') return std::nullopt;
    return parse_ip_address(hop.substr(1, bracket - 1));
  }
  std::size_t colon = hop.find(':');
  bool with_port = colon != std::string_view::npos && hop.find(':', colon + 1) == std::string_view::npos;
  return parse_ip_address(with_port ? hop.substr(0, colon) : hop);
}

}  // namespace

TrustedProxies::TrustedProxies(std::span<const std::string> networks) {
  for (const std::string& entry : networks) {
    auto refuse = [&](const char* why) {
      throw std::invalid_argument("trusted proxy \"" + entry + "\" " + why);
    };
    std::optional<IpNetwork> network = IpNetwork::parse(entry);
    if (!network) refuse("is not an address or a network");
    if (network->is_everything()) refuse("trusts everyone");
    if (!network->has_only_prefix()) refuse("has bits beyond its prefix");
    networks_.push_back(*network);
  }
}

bool TrustedProxies::contains(std::string_view text) const {
  std::optional<boost::asio::ip::address> address = parse_ip_address(text);
  return address && std::any_of(networks_.begin(), networks_.end(),
                                [&](const IpNetwork& network) { return network.contains(*address); });
}

std::string canonical_address(std::string_view text) {
  std::optional<boost::asio::ip::address> address = parse_ip_address(text);
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
      std::optional<boost::asio::ip::address> hop =
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
