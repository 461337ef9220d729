#include "mail/schedule.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace latchkey::mail {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr std::array<Seconds, 8> waits{Seconds{10}, Seconds{30}, minutes{1},  minutes{2},
                                       minutes{5},  minutes{10}, minutes{30}, hours{1}};

}  // namespace

Seconds backoff(std::int64_t tries) {
  const auto at = std::clamp<std::int64_t>(tries - 1, 0, static_cast<std::int64_t>(waits.size()) - 1);
  return waits[static_cast<std::size_t>(at)];
}

Timestamp next_try(Timestamp now, std::int64_t tries, double jitter) {
  const Microseconds wait = backoff(tries);
  const double share = std::isfinite(jitter) ? std::clamp(jitter, 0.0, 1.0) : 0.0;
  return now + wait - Microseconds{std::llround(static_cast<double>(wait.count()) * 0.2 * share)};
}

bool is_given_up(Timestamp created_at, Timestamp now) { return now - created_at >= patience; }

}  // namespace latchkey::mail
