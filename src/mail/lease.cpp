#include "mail/lease.h"

#include <algorithm>

#include "base/log.h"

namespace latchkey::mail {
namespace {

using std::chrono::milliseconds;

}  // namespace

LeaseRenewal::LeaseRenewal(db::Database& database, const Clock& clock, Lease lease, milliseconds length,
                           const std::stop_token& stop)
    : database_(database),
      clock_(clock),
      length_(length),
      lease_(lease),
      pass_on_(stop, [this] { sending_.request_stop(); }),
      thread_([this](const std::stop_token& finished) { keep(finished); }) {}

std::optional<Lease> LeaseRenewal::finish() {
  thread_.request_stop();
  thread_.join();
  if (lost_) return std::nullopt;
  return lease_;
}

void LeaseRenewal::keep(const std::stop_token& finished) {
  milliseconds pause = length_ / 3;
  while (!lost_) {
    {
      std::unique_lock lock(mutex_);
      pause_.wait_for(lock, finished, pause, [] { return false; });
    }
    if (finished.stop_requested()) return;
    pause = renew();
  }
  log::warn("mail.lease_lost", {{"mail", to_string(lease_.mail)}});
  sending_.request_stop();
}

milliseconds LeaseRenewal::renew() {
  try {
    // While an answer is owed the same is asked for again: then only two ends are possible.
    if (lease_.asked == lease_.end) lease_.asked = clock_.now() + length_;
    const auto renewed =
        database_.run_now(lease_.queue->update_lease, lease_.asked, lease_.mail, lease_.end, lease_.asked);
    lost_ = renewed.rows == 0;
    lease_.end = lease_.asked;
    // Less than usual is left where the answer took long.
    const auto left = std::chrono::floor<milliseconds>(lease_.end - clock_.now());
    return std::clamp(left / 2, milliseconds{0}, length_ / 3);
  } catch (const std::exception&) {
    // As long as nobody gets an answer nobody takes the mail; but others may get one where we do not.
    const auto left = std::chrono::ceil<milliseconds>(lease_.end - clock_.now());
    lost_ = left <= milliseconds{0};
    return std::min(left, length_ / 12);
  }
}

}  // namespace latchkey::mail
