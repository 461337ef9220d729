#pragma once

#include <string>

#include "base/error.h"
#include "base/task.h"
#include "features/passkeys/new_passkey.h"
#include "features/passkeys/options.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/signin/enrol_factor.h"
#include "store/users.h"

/// The step of a sign-in that wants the account's first factor, by a passkey (flow/signin/enrol_factor.h).
namespace latchkey::features::passkeys {

/// What a browser needs to know to make the first passkey of an account.
struct EnrolmentOptions {
  RegistrationOptions options;
  store::users::Contact account;
};
/// Refuses with passkeys_unavailable, and as `read_enrolment` does. Writes nothing, and spends nothing of the
/// sign-in.
Task<Result<EnrolmentOptions>> options_at_sign_in(flow::Services& services, flow::Origin origin,
                                                  std::string login_token);

/// Takes the passkey, which is the account's factor from now on, and goes on with the sign-in. Refuses as
/// `check_passkey` and `write_passkey` do, which leaves the login token good, and as `enrol_and_go_on` does.
Task<Result<flow::signin::Enrolled>> add_at_sign_in(flow::Services& services, flow::Origin origin,
                                                    std::string login_token, NewPasskey made);

}  // namespace latchkey::features::passkeys
