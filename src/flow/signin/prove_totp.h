#pragma once

#include <string>

#include "base/error.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/signin/progress.h"

namespace latchkey::flow::signin {

/// Proves one thing: that whoever signs in, or is signed in, holds the authenticator app of an account. The
/// code is that of now, or of thirty seconds before or after; all are compared, in constant time. The try is
/// counted before that (factor_attempts.h).
///
/// Gives what uses the code up: of many at once with one code one succeeds, and no earlier code is good after
/// it. Refuses with factor_not_found for an account without such an app, which counts nothing, with
/// too_many_attempts and with invalid_code.
Task<Result<Consume>> prove_totp(Services& services, Origin origin, UserId account, Subject subject,
                                 std::string code);

}  // namespace latchkey::flow::signin
