#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/hold_caller.h"
#include "flow/sessions/tokens.h"

namespace latchkey::features::recovery_codes {

/// How many of an account's codes are left.
Task<std::int64_t> count(flow::Services& services, UserId user);

enum class OtherSessions : std::uint8_t { stay, end };

/// Ten new codes in place of all earlier ones; the one time that anybody sees them. Refuses with
/// factor_not_found for an account without a second factor, which has nothing to recover, and as
/// `hold_caller` does.
Task<Result<std::vector<std::string>>> renew(flow::Services& services, flow::Origin origin,
                                             flow::sessions::Asker asker,
                                             OtherSessions others = OtherSessions::stay);

/// The step of a sign-in that takes a recovery code in place of the second factor. Refuses with
/// invalid_login_token, account_blocked, invalid_code, too_many_attempts, and with the step that is still
/// missing.
Task<Result<flow::sessions::TokenPair>> log_in(flow::Services& services, flow::Origin origin,
                                               std::string login_token, Secret code);

}  // namespace latchkey::features::recovery_codes
