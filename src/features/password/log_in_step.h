#pragma once

#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/tokens.h"

namespace latchkey::features::password {

/// The password as a further step, where a passkey that verified nobody came first. Wrong ones are counted
/// with those of sign-in, and leave the login token good. Refuses with invalid_login_token,
/// invalid_credentials, too_many_attempts, overloaded, account_blocked, and with the code of the step that is
/// missing still.
Task<Result<flow::sessions::TokenPair>> log_in_step(flow::Services& services, flow::Origin origin,
                                                    std::string login_token, Secret password);

}  // namespace latchkey::features::password
