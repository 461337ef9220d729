#include "flow/signin/prove_password.h"

#include <algorithm>

#include "store/attempts.h"
#include "store/state.h"

namespace latchkey::flow::signin {
namespace {

using crypto::password::TriedPassword;
using crypto::password::Verification;
using store::users::Credentials;

Error locked(Microseconds wait) {
  return {ErrorCode::too_many_attempts, std::max(Seconds{1}, std::chrono::ceil<Seconds>(wait))};
}

Task<Result<>> reserve_attempt(Services& services, Timestamp now, std::string email_key,
                               std::optional<Credentials> account) {
  const auto& limits = services.settings.limits;
  if (!limits.enabled) co_return Result<>{};
  if (!account.has_value()) {
    if (const auto wait =
            services.unknown_addresses.reserve(email_key, now, limits.login_failures, limits.login_lock)) {
      co_return locked(*wait);
    }
    co_await services.database.run(store::state::update_dummy);
    co_return Result<>{};
  }
  if (account->locked_until > now) co_return locked(account->locked_until - now);
  const auto wait = limits::lock_after(account->failed_sign_ins + 1, limits.login_failures, limits.login_lock)
                        .value_or(limits.login_lock);
  const auto reserved = co_await services.database.run(
      store::attempts::reserve, std::int64_t{limits.login_failures}, now + wait, account->id, now);
  // Locked since it was read, by one of many at once.
  if (!reserved.has_value()) co_return locked(limits.login_lock);
  co_return Result<>{};
}

/// The password was not looked at, since the hashing queue is full: that is no failure of whoever tried.
Task<> give_attempt_back(Services& services, Timestamp now, std::string email_key,
                         std::optional<Credentials> account) {
  if (!services.settings.limits.enabled) co_return;
  if (account.has_value()) {
    co_await services.database.run(store::attempts::give_back, now, account->id);
  } else {
    services.unknown_addresses.give_back(email_key);
    co_await services.database.run(store::state::update_dummy);
  }
}

}  // namespace

Task<Result<TriedPassword>> prove_password(Services& services, Timestamp now, PasswordTry attempt) {
  if (attempt.round == Round::first) {
    const auto reserved = co_await reserve_attempt(services, now, attempt.email_key, attempt.account);
    if (reserved.has_error()) co_return reserved.error();
  }
  const bool possible = attempt.account.has_value() && attempt.password.has_value();
  std::string stored = possible ? attempt.account->password_hash : services.hashing.dummy();
  TriedPassword tried;
  if (attempt.password.has_value()) {
    tried = std::move(*attempt.password);
  } else {
    tried.nfc = Secret("impossible");
  }
  auto checked = co_await services.hashing.verify(attempt.client, std::move(stored), std::move(tried));
  if (checked.has_error()) {
    co_await give_attempt_back(services, now, attempt.email_key, attempt.account);
    co_return checked.error();
  }
  if (!possible || checked->outcome != Verification::matches) co_return Error(ErrorCode::invalid_credentials);
  co_return std::move(checked->tried);
}

}  // namespace latchkey::flow::signin
