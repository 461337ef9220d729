#include "flow/block_user.h"

namespace latchkey::flow {

Task<Result<>> require_administrator(Services& services, Origin origin, Role role, std::string asked_for) {
  if (role == Role::admin) co_return Result<>{};
  auto work = [&](db::Tx& tx) {
    store::audit::insert_entry(tx, audit_entry(origin, "administration", "forbidden", "", asked_for));
  };
  co_await services.database.write(work);
  co_return Error(ErrorCode::forbidden);
}

Task<Result<store::users::User>> block_user(Services& services, Origin origin, UserId user,
                                            accounts::Access access) {
  auto work = [&](db::Tx& tx) { return accounts::set_access(tx, origin, user, access); };
  co_return co_await services.database.write(work);
}

}  // namespace latchkey::flow
