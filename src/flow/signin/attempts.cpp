#include "flow/signin/attempts.h"

#include <algorithm>

#include "flow/accounts/notice.h"
#include "flow/limits/backoff_table.h"
#include "flow/signin/closed_mail.h"
#include "flow/signin/events.h"
#include "store/attempts.h"
#include "store/state.h"

namespace latchkey::flow::signin {
namespace {

namespace attempts = store::attempts;

Error locked(Microseconds wait) {
  return {ErrorCode::too_many_attempts, std::max(Seconds{1}, std::chrono::ceil<Seconds>(wait))};
}

/// Time alone does not open it again.
Error closed() {
  Error error = locked(limits::longest_lock);
  error.detail = "Too many attempts, set a new password to sign in from here";
  return error;
}

/// What the attempt is counted with, as it was read.
store::users::Failures failures_before(const Attempt& attempt) {
  if (const auto& known = attempt.device.known) {
    return {.failed_sign_ins = known->failed_sign_ins,
            .locked_until = known->locked_until,
            .password_closed_at = known->closed_at};
  }
  return {.failed_sign_ins = attempt.account->failed_sign_ins,
          .locked_until = attempt.account->locked_until,
          .password_closed_at = attempt.account->password_closed_at};
}

/// How long the attempt locks if it reaches the limit. Others may be counted since `before` was read, so
/// there is always an answer; where the limit is the last attempt, one that keeps the next out until this one
/// is judged.
Microseconds lock_of(const Settings::Limits& limits, const store::users::Failures& before) {
  if (limits.login_failures >= last_attempt) return limits::longest_lock;
  return limits::lock_after(before.failed_sign_ins + 1, limits.login_failures, limits.login_lock)
      .value_or(limits.login_lock);
}

Task<Result<std::int64_t>> count_for_nobody(Services& services, Timestamp now, std::string counter) {
  const auto& limits = services.settings.limits;
  auto& table = services.unknown_addresses;
  const auto wait = table.reserve(counter, now, limits.login_failures, limits.login_lock, last_attempt);
  const auto number = table.count(counter);
  if (wait.has_value()) co_return number < last_attempt ? locked(*wait) : closed();
  co_await services.database.run(store::state::update_dummy);
  co_return number;
}

/// What a closing costs, where there is nothing to close.
void spend_as_much(db::Tx& tx) {
  for (int i = 0; i < 2; ++i) tx.run(store::state::update_dummy);
  for (int i = 0; i < 2; ++i) tx.run_later(store::state::update_dummy);
}

bool close(db::Tx& tx, const Attempt& attempt, Timestamp now) {
  if (const auto& known = attempt.device.known)
    return tx.run(attempts::close_to_device, now, known->id, last_attempt).has_value();
  return tx.run(attempts::close, now, attempt.account->id, last_attempt).has_value();
}

}  // namespace

Task<Result<std::int64_t>> count_attempt(Services& services, Timestamp now, Attempt attempt) {
  const auto& limits = services.settings.limits;
  if (!limits.enabled) co_return std::int64_t{0};
  if (!attempt.account.has_value())
    co_return co_await count_for_nobody(services, now, std::move(attempt.counter));
  const auto before = failures_before(attempt);
  if (before.password_closed_at != Timestamp{}) co_return closed();
  if (before.locked_until > now) co_return locked(before.locked_until - now);
  const Timestamp locked_until = now + lock_of(limits, before);
  const std::int64_t limit = limits.login_failures;
  std::optional<std::int64_t> number;
  if (const auto& known = attempt.device.known) {
    number = co_await services.database.run(attempts::reserve_of_device, limit, locked_until, known->id, now);
  } else {
    number = co_await services.database.run(attempts::reserve, limit, locked_until, attempt.account->id, now);
  }
  // Locked since it was read, by one of many at once.
  if (!number.has_value()) co_return locked(limits.login_lock);
  co_return *number;
}

Task<> give_attempt_back(Services& services, Timestamp now, Attempt attempt) {
  if (attempt.number == 0) co_return;
  if (!attempt.account.has_value()) {
    services.unknown_addresses.give_back(attempt.counter);
    co_await services.database.run(store::state::update_dummy);
  } else if (const auto& known = attempt.device.known) {
    co_await services.database.run(attempts::give_back_to_device, now, known->id);
  } else {
    co_await services.database.run(attempts::give_back, now, attempt.account->id);
  }
}

void close_after_failure(db::Tx& tx, const Services& services, const Origin& origin, const Attempt& attempt) {
  if (attempt.number < last_attempt) return;
  if (!attempt.account.has_value()) return spend_as_much(tx);
  // A new password, or an operator, may have been quicker.
  if (!close(tx, attempt, origin.now)) return;
  const bool known = attempt.device.known.has_value();
  record(tx, origin, events::password_closed, known ? events::to_known_device : events::to_unknown_devices,
         to_string(attempt.account->subject));
  const auto owner = tx.run(store::users::find_contact_by_id, attempt.account->id);
  // Nobody has confirmed to read that address, or a new password would not help.
  if (!owner.has_value() || !owner->is_proved || !owner->is_active) return;
  accounts::queue_notice(tx, services, origin, *owner, closed_message,
                         closed_parameters(known ? ClosedTo::known_device : ClosedTo::unknown_devices));
}

void forgive_attempt(db::Tx& tx, const Attempt& attempt) {
  if (const auto& known = attempt.device.known) {
    tx.run_later(attempts::forgive_device, known->id);
  } else {
    tx.run_later(attempts::forgive, attempt.account->id);
  }
}

}  // namespace latchkey::flow::signin
