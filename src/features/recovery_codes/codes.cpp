#include "features/recovery_codes/codes.h"

#include "flow/accounts/factor_notices.h"
#include "flow/accounts/factors.h"
#include "flow/signin/factor_step.h"
#include "flow/signin/lost_factors.h"
#include "flow/signin/prove_recovery_code.h"
#include "flow/signin/recovery_codes.h"
#include "store/factors.h"
#include "store/recovery_codes.h"

namespace latchkey::features::recovery_codes {

Task<std::int64_t> count(flow::Services& services, UserId user) {
  const auto left = co_await services.database.run(store::recovery_codes::count_codes, user);
  co_return left.value_or(0);
}

Task<Result<std::vector<std::string>>> renew(flow::Services& services, flow::Origin origin,
                                             flow::sessions::Asker asker, OtherSessions others) {
  const UserId user = asker.user;
  auto work = [&](db::Tx& tx) -> Result<std::vector<std::string>> {
    const auto steps = tx.run(store::factors::find_steps, user);
    if (!steps.has_value()) return Error(ErrorCode::invalid_token);
    if (!steps->has_totp && steps->passkeys == 0) return Error(ErrorCode::factor_not_found);
    if (!tx.run(store::factors::raise_version, origin.now, user).has_value())
      return Error(ErrorCode::invalid_token);
    const auto account = tx.run(store::users::find_credentials_by_id, user).value();
    flow::signin::stop_removal_of_lost(tx, origin, user, account.subject);
    auto codes = flow::signin::replace_recovery_codes(tx, user, account.subject, origin.now);
    flow::record(tx, origin, flow::accounts::recovery_codes_made, flow::ok, to_string(account.subject));
    flow::accounts::tell_recovery_codes_made(tx, services, origin, user);
    if (others == OtherSessions::end) flow::accounts::end_other_sessions(tx, user, asker.session);
    tx.run_later(store::factors::update_mark, user);
    return codes;
  };
  co_return co_await flow::sessions::write_as(services, origin.now, asker, flow::sessions::Recency::recent,
                                              work);
}

Task<Result<flow::sessions::TokenPair>> log_in(flow::Services& services, flow::Origin origin,
                                               std::string login_token, Secret code) {
  const auto looked = flow::signin::looked_at(code);
  flow::signin::ProveStep prove = [&code](flow::Services& with, flow::Origin from,
                                          const flow::signin::Progress& progress) {
    return flow::signin::prove_recovery_code(with, std::move(from), progress.account.id,
                                             progress.account.subject, flow::signin::counted_with(progress),
                                             std::move(code));
  };
  co_return co_await flow::signin::take_factor_step(services, std::move(origin), std::move(login_token),
                                                    flow::signin::Proof::recovery_code, "recovery_code",
                                                    std::move(prove), looked);
}

}  // namespace latchkey::features::recovery_codes
