#include "flow/signin/prove_again.h"

#include "flow/accounts/validation.h"
#include "flow/signin/attempts.h"
#include "flow/signin/events.h"
#include "flow/signin/lost_factors.h"
#include "flow/signin/prove_password.h"
#include "store/attempts.h"
#include "store/sessions.h"

namespace latchkey::flow::signin {
namespace {

Result<> check_strength(const AccountState& state, Done proved) {
  const bool has_factor = state.has_totp || state.has_passkey;
  if (!has_factor || proved.has_factor()) return {};
  return Error(ErrorCode::recent_sign_in_required, "This account has a second factor: prove that one");
}

Task<> record_wrong_password(Services& services, Origin origin, const Event& event, Attempt attempt,
                             ErrorCode code) {
  const auto& account = *attempt.account;
  if (code == ErrorCode::overloaded) {
    note(origin, event, code);
  } else if (code == ErrorCode::too_many_attempts) {
    co_await refuse(services, std::move(origin), event, code, account.subject, "password");
  } else {
    auto work = [&](db::Tx& tx) {
      record_refusal(tx, services, origin, event, code, to_string(account.subject), "password");
      close_after_failure(tx, services, origin, attempt);
    };
    co_await services.database.write(work);
  }
}

}  // namespace

Task<Result<store::users::Credentials>> read_own_account(Services& services, Subject account) {
  auto found = co_await services.database.run(store::users::find_credentials_by_subject, account);
  if (!found.has_value() || !found->is_active) co_return Error(ErrorCode::invalid_token);
  co_return std::move(*found);
}

Task<Result<>> require_strong_proof(Services& services, store::users::Credentials account, Done proved) {
  const auto state = co_await read_state(services, std::move(account));
  co_return check_strength(state, proved);
}

Task<Result<Consume>> prove_own_password(Services& services, Origin origin, const Event& event,
                                         store::users::Credentials account, Secret password) {
  Attempt attempt;
  attempt.client = client_of(origin);
  attempt.device = co_await find_device(services, attempt.client, account.subject);
  attempt.account = std::move(account);
  const auto number = co_await count_attempt(services, origin.now, attempt);
  if (number.has_error()) {
    co_await record_wrong_password(services, std::move(origin), event, attempt, number.error().code);
    co_return number.error();
  }
  attempt.number = *number;
  auto tried = accounts::read_tried_password(services.settings, std::move(password));
  const auto proved = co_await prove_password(services, origin.now, attempt, std::move(tried));
  if (proved.has_error()) {
    co_await record_wrong_password(services, std::move(origin), event, attempt, proved.error().code);
    co_return proved.error();
  }
  Consume consume = [attempt](db::Tx& tx) -> Result<> {
    forgive_attempt(tx, attempt);
    return {};
  };
  co_return std::move(consume);
}

Task<Result<>> prove_again(Services& services, Origin origin, store::users::Credentials account,
                           SessionId session, Done proved, Consume consume) {
  auto work = [&](db::Tx& tx) -> Result<> {
    const auto held = tx.run(store::attempts::hold, account.id, account.security_version);
    if (!held.has_value()) return Error(ErrorCode::invalid_token);
    if (!tx.run(store::sessions::hold_session, session, account.id, origin.now).has_value())
      return Error(ErrorCode::invalid_token);
    if (auto strong = check_strength(state_of(tx, account), proved); strong.has_error()) return strong;
    if (auto used = consume(tx); used.has_error()) return used;
    if (proved.has_factor()) stop_removal_of_lost(tx, origin, account.id, account.subject);
    tx.run_later(store::sessions::update_proved, origin.now, proved.bits(), session);
    record(tx, origin, events::proved_again, ok, to_string(account.subject), words_of(proved));
    return {};
  };
  co_return co_await services.database.write(work);
}

}  // namespace latchkey::flow::signin
