#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "http/message.h"

namespace latchkey::http {

/// The networks whose word about the client's address is taken. By default nobody's.
class TrustedProxies {
 public:
  TrustedProxies() = default;
  /// Addresses (`10.0.0.5`, `::1`) and networks (`10.0.0.0/8`, `fd00::/8`). Throws std::invalid_argument
  /// naming the entry that is neither, that has bits beyond its prefix, or that trusts the whole internet
  /// (`/0`).
  explicit TrustedProxies(std::span<const std::string> networks);

  bool empty() const { return networks_.empty(); }
  bool contains(std::string_view address) const;

 private:
  std::vector<IpNetwork> networks_;
};

/// An IP address in its canonical text: IPv4 when it is IPv4-mapped, without zone. Empty when `text` is none.
std::string canonical_address(std::string_view text);

/// Whom a request comes from: `peer` unless that is a trusted proxy, else the right-most hop of
/// X-Forwarded-For that is not one (security cases RL01, RL02). Several lines are one list. A hop that is no
/// address (junk, `unknown`) ends the walk: the last trusted hop before it is the answer. A hop may carry a
/// port (`192.0.2.1:80`, `[2001:db8::1]:80`). No other header is read.
std::string client_address(std::string_view peer, std::span<const HeaderView> headers,
                           const TrustedProxies& trusted);

}  // namespace latchkey::http
