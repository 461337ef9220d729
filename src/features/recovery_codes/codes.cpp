#include "features/recovery_codes/codes.h"

#include "flow/accounts/factor_notices.h"
#include "flow/accounts/factors.h"
#include "flow/signin/events.h"
#include "flow/signin/factor_attempts.h"
#include "flow/signin/progress.h"
#include "flow/signin/prove_recovery_code.h"
#include "flow/signin/recovery_codes.h"
#include "store/factors.h"
#include "store/recovery_codes.h"

namespace latchkey::features::recovery_codes {

Task<std::int64_t> count(flow::Services& services, UserId user) {
  const auto left = co_await services.database.run(store::recovery_codes::count_codes, user);
  co_return left.value_or(0);
}

Task<Result<std::vector<std::string>>> renew(flow::Services& services, flow::Origin origin, UserId user) {
  auto work = [&](db::Tx& tx) -> Result<std::vector<std::string>> {
    const auto steps = tx.run(store::factors::find_steps, user);
    if (!steps.has_value()) return Error(ErrorCode::invalid_token);
    if (!steps->has_totp && steps->passkeys == 0) return Error(ErrorCode::factor_not_found);
    if (!tx.run(store::factors::raise_version, origin.now, user).has_value())
      return Error(ErrorCode::invalid_token);
    const auto account = tx.run(store::users::find_credentials_by_id, user).value();
    auto codes = flow::signin::replace_recovery_codes(tx, user, account.subject, origin.now);
    flow::record(tx, origin, flow::accounts::recovery_codes_made, flow::ok, to_string(account.subject));
    flow::accounts::tell_recovery_codes_made(tx, services, origin, user);
    tx.run_later(store::factors::update_mark, user);
    return codes;
  };
  co_return co_await services.database.write(work);
}

Task<Result<flow::sessions::TokenPair>> log_in(flow::Services& services, flow::Origin origin,
                                               std::string login_token, Secret code) {
  auto progress = co_await flow::signin::read_login_token(services, origin, std::move(login_token));
  if (progress.has_error()) {
    flow::note(origin, flow::signin::events::sign_in, progress.error().code);
    co_return progress.error();
  }
  const UserId account = progress->account.id;
  const Subject subject = progress->account.subject;
  const auto counted = flow::signin::counted_with(*progress);
  const auto looked = flow::signin::looked_at(code);
  Error refusal;
  auto proved = co_await flow::signin::prove_recovery_code(services, origin, account, subject, counted,
                                                           std::move(code));
  if (proved.has_value()) {
    auto tokens = co_await flow::signin::go_on(services, origin, std::move(*progress),
                                               flow::signin::Proof::recovery_code, std::move(*proved));
    // What is refused behind a right proof, go_on has written down.
    if (tokens.has_value() || tokens.error().code != ErrorCode::invalid_code) co_return tokens;
    refusal = tokens.error();
  } else {
    refusal = proved.error();
  }
  co_await flow::signin::record_refused_factor(services, origin, flow::signin::events::sign_in, subject,
                                               refusal.code, "recovery_code", looked);
  co_return refusal;
}

}  // namespace latchkey::features::recovery_codes
