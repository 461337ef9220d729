#include "features/totp/list_factors.h"

#include "store/recovery_codes.h"

namespace latchkey::features::totp {

Task<Factors> list_factors(flow::Services& services, UserId user) {
  auto work = [&](db::Tx& tx) {
    return Factors{.totp = tx.run(store::totp::find_totp, user),
                   .passkeys = tx.run(store::passkeys::list_passkeys, user),
                   .recovery_codes = tx.run(store::recovery_codes::count_codes, user).value_or(0)};
  };
  co_return co_await services.database.read(work);
}

}  // namespace latchkey::features::totp
