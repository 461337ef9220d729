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

}  // namespace latchkey::http
