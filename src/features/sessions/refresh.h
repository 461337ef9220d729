#pragma once

#include <string>

#include "base/error.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/tokens.h"

namespace latchkey::features::sessions {

/// Gives the successor of a refresh token (flow/sessions/rules.h decides), so that concurrent refreshes, lost
/// answers and retries within the grace all get the same one. Refuses with invalid_token; a token that was
/// rotated away ends its session. A session that moves on several times a second is refused with
/// too_many_requests, writes nothing and keeps its token.
Task<Result<flow::sessions::TokenPair>> refresh(flow::Services& services, flow::Origin origin,
                                                std::string refresh_token);

}  // namespace latchkey::features::sessions
