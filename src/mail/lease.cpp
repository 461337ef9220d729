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
      thread_("mail-lease", length / 3, [this] { renew(); }) {
  thread_.start();
}

std::optional<Lease> LeaseRenewal::finish() {
  thread_.stop();
  if (lost_) return std::nullopt;
  return lease_;
}

void LeaseRenewal::renew() {
  if (lost_) return;
  milliseconds left{};
  try {
    // While an answer is owed the same is asked for again: then only two ends are possible.
    if (lease_.asked == lease_.end) lease_.asked = clock_.now() + length_;
    const auto renewed =
        database_.run_now(lease_.queue->update_lease, lease_.asked, lease_.mail, lease_.end, lease_.asked);
    lost_ = renewed.rows == 0;
    lease_.end = lease_.asked;
    // Less than usual is left where the answer took long.
    left = std::chrono::floor<milliseconds>(lease_.end - clock_.now());
    thread_.call_again_in(std::clamp(left / 2, milliseconds{0}, length_ / 3));
  } catch (const std::exception&) {
    // As long as nobody gets an answer nobody takes the mail; but others may get one where we do not.
    left = std::chrono::ceil<milliseconds>(lease_.end - clock_.now());
    lost_ = left <= milliseconds{0};
    thread_.call_again_in(std::clamp(left, milliseconds{0}, length_ / 12));
  }
  if (!lost_) return;
  log::warn("mail.lease_lost", {{"mail", to_string(lease_.mail)}});
  sending_.request_stop();
}

}  // namespace latchkey::mail
