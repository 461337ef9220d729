#include "base/client_network.h"

#include "base/ip_address.h"

namespace latchkey {

ClientNetwork ClientNetwork::of(std::string_view text) {
  const auto address = parse_ip_address(text);
  if (!address) return {};
  if (address->is_v4()) return {Kind::ipv4, address->to_v4().to_uint()};
  const auto bytes = address->to_v6().to_bytes();
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 8; ++i) bits = bits << 8U | bytes[i];
  return {Kind::ipv6, bits};
}

ClientNetwork ClientNetwork::site() const {
  if (kind_ != Kind::ipv6) return *this;
  return {Kind::ipv6_site, bits_ >> 16U << 16U};
}

}  // namespace latchkey
