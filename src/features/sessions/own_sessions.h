#pragma once

#include "base/error.h"
#include "base/task.h"
#include "db/page.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/authenticate.h"
#include "store/sessions.h"

/// What users do with their own sessions.
namespace latchkey::features::sessions {

/// A page of the caller's live sessions, the newest first, from behind `after` on.
Task<db::Page<store::sessions::Listed>> list_own_sessions(flow::Services& services, flow::Origin origin,
                                                          UserId user, store::sessions::ListPosition after,
                                                          std::int64_t limit);

/// Ends one of the caller's sessions. Refuses with session_not_found, for another user's session too.
Task<Result<>> end_own_session(flow::Services& services, flow::Origin origin, UserId user, SessionId session);

/// Ends all of the caller's sessions, the present one included; answers how many there were.
Task<std::int64_t> log_out_everywhere(flow::Services& services, flow::Origin origin, UserId user);

}  // namespace latchkey::features::sessions
