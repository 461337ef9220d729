#pragma once

#include <string>

#include "base/error.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/tokens.h"

namespace latchkey::features::totp {

/// The step of a sign-in that wants the code of the authenticator app. Refuses with invalid_login_token,
/// account_blocked, factor_not_found, invalid_code, too_many_attempts, and with the step that is still
/// missing.
Task<Result<flow::sessions::TokenPair>> log_in(flow::Services& services, flow::Origin origin,
                                               std::string login_token, std::string code);

}  // namespace latchkey::features::totp
