#include "features/factor_removal/by_administrator.h"

namespace latchkey::features::factor_removal {

namespace users = store::users;

Task<Result<Timestamp>> ask_for_removal_of(flow::Services& services, flow::Origin origin,
                                           flow::sessions::Asker administrator, UserId user, Which which) {
  const auto delay = services.settings.admin.factor_removal_delay;
  if (delay == Microseconds{0})
    co_return Error(ErrorCode::forbidden, "Only the operator of this server removes factors of others");
  if (user == administrator.user)
    co_return Error(ErrorCode::forbidden, "Remove your own second factors as the owner of the account");
  auto work = [&](db::Tx& tx) -> Result<Timestamp> {
    if (!tx.run(store::factors::lock_account, user).has_value()) {
      const bool exists = tx.run(users::find_user, origin.now, user).has_value();
      return Error(exists ? ErrorCode::account_blocked : ErrorCode::user_not_found);
    }
    const auto account = tx.run(users::find_credentials_by_id, user).value();
    const Wanted wanted{.which = which, .by = AskedBy::administrator};
    return schedule_removal(tx, services, origin, account, wanted, delay, "");
  };
  co_return co_await flow::sessions::write_as_administrator(services, origin.now, administrator,
                                                            flow::sessions::Recency::recent, work);
}

}  // namespace latchkey::features::factor_removal
