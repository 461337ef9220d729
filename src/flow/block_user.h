#pragma once

#include "base/error.h"
#include "base/task.h"
#include "flow/accounts/accounts.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/authenticate.h"

/// What administrators do over the network.
namespace latchkey::flow {

/// Lets only administrators pass. Refuses others with forbidden, which the audit gets with what was asked
/// for.
Task<Result<>> require_administrator(Services& services, Origin origin, Role role, std::string asked_for);

/// Blocks or unblocks: `set_access` as a transaction of its own. Refuses with user_not_found and
/// last_administrator.
Task<Result<store::users::User>> block_user(Services& services, Origin origin, UserId user,
                                            accounts::Access access);

}  // namespace latchkey::flow
