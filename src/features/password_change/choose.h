#pragma once

#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/tokens.h"

namespace latchkey::features::password_change {

/// The step of a sign-in to an account that must have another password: sets it, ends every session that the
/// account has, and goes on with the sign-in. Of many at once one succeeds. Refuses with invalid_login_token;
/// with the code of the step that comes before, such as second_factor_required, and a login token for it;
/// with validation_failed a password that is too weak or is the old one, which spends nothing; and with
/// overloaded and account_blocked.
Task<Result<flow::sessions::TokenPair>> choose_password(flow::Services& services, flow::Origin origin,
                                                        std::string login_token, Secret password,
                                                        std::string language);

}  // namespace latchkey::features::password_change
