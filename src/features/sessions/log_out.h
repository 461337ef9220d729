#pragma once

#include <string>

#include "base/error.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"

namespace latchkey::features::sessions {

/// Ends the session of a refresh token, whichever of its generations it is. Refuses with invalid_token, a
/// dead session included.
Task<Result<>> log_out(flow::Services& services, flow::Origin origin, std::string refresh_token);

/// Ends the session of a browser, which its cookie has proved. Of two at once one does it.
Task<> log_out_browser(flow::Services& services, flow::Origin origin, SessionId session);

}  // namespace latchkey::features::sessions
