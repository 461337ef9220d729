#include "flow/signin/factor_attempts.h"

#include <algorithm>

#include "flow/limits/backoff_table.h"
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

Task<Result<>> count_factor_attempt(Services& services, Timestamp now, UserId account) {
  const auto before = co_await services.database.run(counts::find_failures, account);
  if (!before.has_value()) co_return Error(ErrorCode::invalid_login_token);
  if (before->failed_factors >= last_factor_attempt) co_return closed_factor();
  if (before->factors_locked_until > now) co_return locked_factor(before->factors_locked_until - now);
  const auto lock = limits::lock_after(before->failed_factors + 1, free_factor_attempts, first_factor_lock);
  const Timestamp locked_until = now + lock.value_or(first_factor_lock);
  const auto number = co_await services.database.run(counts::reserve, free_factor_attempts, locked_until,
                                                     account, now, last_factor_attempt);
  // Locked since it was read, by one of many at once.
  if (!number.has_value()) co_return locked_factor(lock.value_or(first_factor_lock));
  co_return Result<>{};
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
