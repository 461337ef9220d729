#include "http/rate_limit.h"

#include <algorithm>

#include "base/client_network.h"
#include "base/log.h"

namespace latchkey::http {

namespace {

/// What a bucket of a limit is for.
enum class Scope : std::uint64_t { ipv4, ipv6, site, all, alarm };

TokenBuckets::Name bucket(const RateLimit& limit, Scope scope, std::uint64_t owner) {
  return {.purpose = TokenBuckets::purpose_of(limit.name) + static_cast<std::uint64_t>(scope),
          .owner = owner};
}

Rate of_site(const Rate& client) { return {.count = client.count * networks_of_site, .per = client.per}; }

Error too_many(metrics::Counter* counter, Microseconds wait) {
  if (counter != nullptr) counter->add();
  return {ErrorCode::too_many_requests, std::max(Seconds{1}, std::chrono::ceil<Seconds>(wait))};
}

void raise_alarm(const RateLimit& limit, Timestamp now) {
  constexpr Rate once_a_minute{.count = 1, .per = std::chrono::minutes(1)};
  if (limit.buckets->take(bucket(limit, Scope::alarm, 0), once_a_minute, now)) return;
  log::warn("limits.total_reached", {{"limit", limit.name},
                                     {"count", limit.total.count},
                                     {"seconds", std::chrono::floor<Seconds>(limit.total.per).count()}});
}

}  // namespace

std::optional<Error> refuse_by_rate(const RateLimit& limit, std::string_view address, Timestamp now) {
  if (limit.buckets == nullptr) return std::nullopt;
  TokenBuckets& buckets = *limit.buckets;
  if (!limit.client.is_off()) {
    const auto client = ClientNetwork::of(address);
    const auto scope = client.is_ipv6() ? Scope::ipv6 : Scope::ipv4;
    if (const auto wait = buckets.take(bucket(limit, scope, client.bits()), limit.client, now))
      return too_many(limit.of_client, *wait);
    if (client.is_ipv6()) {
      const auto site = bucket(limit, Scope::site, client.site().bits());
      if (const auto wait = buckets.take(site, of_site(limit.client), now))
        return too_many(limit.of_client, *wait);
    }
  }
  if (const auto wait = buckets.take(bucket(limit, Scope::all, 0), limit.total, now)) {
    raise_alarm(limit, now);
    return too_many(limit.of_all, *wait);
  }
  return std::nullopt;
}

Microseconds pause_of_refusal(const RefusalPace& pace, std::string_view address, Timestamp now) {
  if (pace.buckets == nullptr) return Microseconds{0};
  const auto client = ClientNetwork::of(address);
  const std::uint64_t kind = client.is_ipv6() ? 1 : 0;
  const TokenBuckets::Name name{.purpose = TokenBuckets::purpose_of("refusals") + kind,
                                .owner = client.site().bits()};
  return pace.buckets->take_ahead(name, pace.rate, pace.longest, now);
}

}  // namespace latchkey::http
