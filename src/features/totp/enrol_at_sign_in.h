#pragma once

#include <string>

#include "base/error.h"
#include "base/task.h"
#include "features/totp/new_app.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/signin/enrol_factor.h"

/// The step of a sign-in that wants the account's first factor, by an authenticator app
/// (flow/signin/enrol_factor.h).
namespace latchkey::features::totp {

/// Makes the secret of an app. Stores nothing, and spends nothing of the sign-in. Refuses as
/// `read_enrolment` does.
Task<Result<Begun>> begin_at_sign_in(flow::Services& services, flow::Origin origin, std::string login_token);

/// The app shows the right code: it is the account's factor from now on, and the sign-in goes on. Refuses
/// with invalid_code, which changes nothing and leaves the login token good, and as `enrol_and_go_on` does.
Task<Result<flow::signin::Enrolled>> confirm_at_sign_in(flow::Services& services, flow::Origin origin,
                                                        std::string login_token, std::string enrolment,
                                                        std::string code);

}  // namespace latchkey::features::totp
