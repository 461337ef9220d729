#include "features/account/summary.h"

namespace latchkey::features::account {

Task<Summary> summarize(flow::Services& services, UserId user) {
  auto work = [&](db::Tx& tx) {
    Summary summary;
    if (const auto account = tx.run(store::users::find_credentials_by_id, user))
      summary.has_password = !store::factors::without_mark(account->password_hash).empty();
    if (const auto settled = tx.run(store::users::find_settled, user))
      summary.last_sign_in_at = settled->last_sign_in_at;
    if (const auto steps = tx.run(store::factors::find_steps, user))
      summary.recovery_codes = steps->recovery_codes;
    summary.totp = tx.run(store::totp::find_totp, user);
    summary.passkeys = tx.run(store::passkeys::list_passkeys, user);
    return summary;
  };
  co_return co_await services.database.read(work);
}

}  // namespace latchkey::features::account
