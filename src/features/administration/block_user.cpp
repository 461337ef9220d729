#include "features/administration/block_user.h"

namespace latchkey::features::administration {

Task<Result<store::users::User>> block_user(flow::Services& services, flow::Origin origin,
                                            flow::sessions::Asker administrator, UserId user,
                                            flow::accounts::Access access) {
  auto work = [&](db::Tx& tx) { return flow::accounts::set_access(tx, origin, user, access); };
  co_return co_await flow::sessions::write_as_administrator(services, origin.now, administrator,
                                                            flow::sessions::Recency::any, work);
}

}  // namespace latchkey::features::administration
