#include "flow/signin/factor_attempts.h"

#include <algorithm>

#include "flow/accounts/notice.h"
#include "flow/limits/backoff_table.h"
#include "flow/signin/closed_mail.h"
#include "flow/signin/events.h"
#include "store/factor_attempts.h"

namespace latchkey::flow::signin {
namespace {

namespace counts = store::factor_attempts;

Error locked_factor(Microseconds wait) {
  return {ErrorCode::too_many_attempts, std::max(Seconds{1}, std::chrono::ceil<Seconds>(wait))};
}

/// Time alone does not open it again.
Error closed_factor() {
  Error error = locked_factor(limits::longest_lock);
  error.detail = "Too many wrong codes, use another factor";
  return error;
}

}  // namespace

Task<> close_factor_after(Services& services, Origin origin, UserId account, std::int64_t number) {
  if (number < last_factor_attempt) co_return;
  auto work = [&](db::Tx& tx) {
    if (!tx.run(counts::close, never, account, last_factor_attempt).has_value()) return;
    const auto owner = tx.run(store::users::find_contact_by_id, account).value();
    record(tx, origin, events::factor_closed, ok, to_string(owner.subject), "totp");
    // Nobody has confirmed to read that address.
    if (!owner.confirmed || !owner.is_active) return;
    accounts::queue_notice(tx, services, origin, owner, factor_closed_message);
  };
  co_await services.database.write(work);
}

Task<Result<std::int64_t>> count_factor_attempt(Services& services, Origin origin, UserId account) {
  const Timestamp now = origin.now;
  const auto before = co_await services.database.run(counts::find_failures, account);
  if (!before.has_value()) co_return Error(ErrorCode::invalid_login_token);
  if (before->failed_factors >= last_factor_attempt) {
    // Where whoever counted the last try has not come to it.
    if (before->factors_locked_until < never)
      co_await close_factor_after(services, std::move(origin), account, before->failed_factors);
    co_return closed_factor();
  }
  if (before->factors_locked_until > now) co_return locked_factor(before->factors_locked_until - now);
  const auto lock = limits::lock_after(before->failed_factors + 1, free_factor_attempts, first_factor_lock);
  const Timestamp locked_until = now + lock.value_or(first_factor_lock);
  const auto number = co_await services.database.run(counts::reserve, free_factor_attempts, locked_until,
                                                     account, now, last_factor_attempt);
  // Locked since it was read, by one of many at once.
  if (!number.has_value()) co_return locked_factor(lock.value_or(first_factor_lock));
  co_return *number;
}

void forget_factor_attempts(db::Tx& tx, UserId account) { tx.run_later(counts::forget, account); }

void open_closed_factor(db::Tx& tx, UserId account) {
  tx.run_later(counts::open_closed, account, last_factor_attempt);
}

Task<> record_refused_factor(Services& services, Origin origin, const Event& event, Subject account,
                             ErrorCode code, std::string method, Looked looked) {
  if (code == ErrorCode::too_many_attempts || looked == Looked::not_at_it) {
    co_await refuse(services, std::move(origin), event, code, account, std::move(method));
    co_return;
  }
  auto work = [&](db::Tx& tx) {
    record_refusal(tx, services, origin, event, code, to_string(account), method);
  };
  co_await services.database.write(work);
}

}  // namespace latchkey::flow::signin
