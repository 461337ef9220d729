#pragma once

#include "base/error.h"
#include "base/task.h"
#include "flow/accounts/accounts.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/hold_caller.h"

/// What administrators do over the network.
namespace latchkey::features::administration {

/// Blocks or unblocks: `set_access` as a transaction of its own. Refuses with user_not_found and
/// last_administrator, and as `hold_administrator` does.
Task<Result<store::users::User>> block_user(flow::Services& services, flow::Origin origin,
                                            flow::sessions::Asker administrator, UserId user,
                                            flow::accounts::Access access);

}  // namespace latchkey::features::administration
