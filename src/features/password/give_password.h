#pragma once

#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/tokens.h"

namespace latchkey::features::password {

/// The step of a sign-in that wants the password behind another proof: a passkey whose authenticator has
/// verified nobody, say. Wrong ones count with those of a sign-in that begins with the password. Refuses with
/// invalid_login_token, account_blocked, invalid_credentials, too_many_attempts, overloaded, and with the
/// step that is still missing.
Task<Result<flow::sessions::TokenPair>> give_password(flow::Services& services, flow::Origin origin,
                                                      std::string login_token, Secret password);

}  // namespace latchkey::features::password
