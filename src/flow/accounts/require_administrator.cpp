#include "flow/accounts/require_administrator.h"

#include "flow/events.h"
#include "flow/limits/repeated_refusal.h"

namespace latchkey::flow::accounts {
namespace {

constexpr Event administration{.name = "administration"};

}  // namespace

Task<Result<>> require_administrator(Services& services, Origin origin, Role role, std::string asked_for) {
  if (role == Role::admin) co_return Result<>{};
  if (limits::is_due_for_audit(services, administration.name, origin.actor + ' ' + asked_for, origin.now)) {
    auto work = [&](db::Tx& tx) {
      record_refusal(tx, services, origin, administration, ErrorCode::forbidden, "", asked_for);
    };
    co_await services.database.write(work);
  }
  co_return Error(ErrorCode::forbidden);
}

}  // namespace latchkey::flow::accounts
