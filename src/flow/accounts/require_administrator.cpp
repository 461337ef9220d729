#include "flow/accounts/require_administrator.h"

#include "flow/events.h"

namespace latchkey::flow::accounts {
namespace {

constexpr Event administration{.name = "administration"};

}  // namespace

Task<Result<>> require_administrator(Services& services, Origin origin, Role role, std::string asked_for) {
  if (role == Role::admin) co_return Result<>{};
  auto work = [&](db::Tx& tx) { record(tx, origin, administration, ErrorCode::forbidden, "", asked_for); };
  co_await services.database.write(work);
  co_return Error(ErrorCode::forbidden);
}

}  // namespace latchkey::flow::accounts
