#pragma once

#include <string_view>

#include "base/error.h"
#include "base/task.h"
#include "flow/services.h"
#include "store/sessions.h"

namespace latchkey::flow::sessions {

/// Who is asking: the account as its row is now, and the session that the token belongs to.
struct Caller {
  store::sessions::Bearer user;
  SessionId session;
};

/// Checks an access token, and that its session is alive and its user unblocked at `now`. A valid signature
/// alone is never enough. Refuses with invalid_token. The token must stay where it is until the task is done.
Task<Result<Caller>> authenticate(Services& services, Timestamp now, std::string_view access_token);

}  // namespace latchkey::flow::sessions
