#include "flow/accounts/require_administrator.h"

namespace latchkey::flow::accounts {

Task<Result<>> require_administrator(Services& services, Origin origin, Role role, std::string asked_for) {
  if (role == Role::admin) co_return Result<>{};
  auto work = [&](db::Tx& tx) {
    store::audit::insert_entry(tx, audit_entry(origin, "administration", "forbidden", "", asked_for));
  };
  co_await services.database.write(work);
  co_return Error(ErrorCode::forbidden);
}

}  // namespace latchkey::flow::accounts
