#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/tokens.h"
#include "flow/signin/prove_passkey.h"

namespace latchkey::features::passkeys {

/// Signs in with a passkey: as the first proof, where the assertion names the account, or as a further one of
/// the sign-in that `login_token` stands for. Wrong passwords lock neither; a passkey forgives none of them.
///
/// Refuses with invalid_passkey, invalid_login_token, passkeys_unavailable, account_blocked,
/// email_not_confirmed, and with the code of the step that is still missing.
Task<Result<flow::sessions::TokenPair>> sign_in(flow::Services& services, flow::Origin origin,
                                                std::optional<std::string> login_token,
                                                flow::signin::PasskeyAssertion assertion);

}  // namespace latchkey::features::passkeys
