#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/authenticate.h"
#include "store/sessions.h"

/// What users do with their own sessions.
namespace latchkey::features::sessions {

/// Whose sessions, and which of them asks.
struct Own {
  UserId user;
  SessionId current;
};

struct SessionsPage {
  std::vector<store::sessions::Listed> rows;
  std::optional<store::sessions::ListPosition> next{};  ///< nothing: this page is the last
};
/// A page of the caller's live sessions: the present one, which the first page begins with, then the others,
/// the newest first. `after` is where the page before ended.
Task<SessionsPage> list_own_sessions(flow::Services& services, flow::Origin origin, Own own,
                                     std::optional<store::sessions::ListPosition> after, std::int64_t limit);

/// Ends one of the caller's sessions. Refuses with session_not_found, for another user's session too, and as
/// `hold_caller` does.
Task<Result<>> end_own_session(flow::Services& services, flow::Origin origin, Own own, SessionId session);

/// Ends all of the caller's sessions but the present one; answers how many there were. Very many end in
/// several transactions. Refuses as `hold_caller` does.
Task<Result<std::int64_t>> end_other_sessions(flow::Services& services, flow::Origin origin, Own own);

/// Ends all of the caller's sessions, the present one included; answers how many there were. Very many end in
/// several transactions, the present session in the last: a client that gets no answer can ask again. Refuses
/// as `hold_caller` does.
Task<Result<std::int64_t>> log_out_everywhere(flow::Services& services, flow::Origin origin, Own own);

}  // namespace latchkey::features::sessions
