#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/metrics.h"
#include "base/token_buckets.h"

namespace latchkey::http {

/// How often clients may ask what this limit stands for. Routes with the same name share their buckets. A
/// client is its network (base/client_network.h); an IPv6 site (48 bits) may ask as often as
/// `networks_of_site` networks (64 bits) of it.
struct RateLimit {
  std::string_view name{};          ///< in the log
  TokenBuckets* buckets = nullptr;  ///< nothing: no limit
  Rate client{};                    ///< of one client
  Rate total{};                     ///< of all of them together
  metrics::Counter* of_client{};    ///< refused for what that client asked before
  metrics::Counter* of_all{};       ///< refused for what all asked before
};

inline constexpr std::int64_t networks_of_site = 4;

/// Counts one request from that IP address. Refuses with too_many_requests and the seconds to wait; then
/// whatever the request asks for must cost nothing. What all together may do is looked at last, and when it
/// is used up the log says so once a minute. Any thread may call it.
std::optional<Error> refuse_by_rate(const RateLimit& limit, std::string_view address, Timestamp now);

/// How fast the answers go out that refuse one client because it, or all together, ask too much: this often
/// at once, and then no faster than the rate, however many connections the client has. Without it a client
/// that is refused could spin, and its refusals would take the processor from those who are not.
struct RefusalPace {
  TokenBuckets* buckets = nullptr;  ///< nothing: all go out at once
  Rate rate{.count = 100, .per = std::chrono::seconds(1)};
  Microseconds longest = std::chrono::seconds(2);  ///< that an answer waits
};

/// How long the answer that refuses a request from that IP address has to wait. A client is an IPv4 address
/// or an IPv6 site (48 bits). Any thread may call it.
Microseconds pause_of_refusal(const RefusalPace& pace, std::string_view address, Timestamp now);

}  // namespace latchkey::http
