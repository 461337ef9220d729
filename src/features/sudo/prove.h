#pragma once

#include <string>
#include <variant>

#include "base/error.h"
#include "base/secret.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/signin/prove_passkey.h"

namespace latchkey::features::sudo {

struct ByPassword {
  Secret password;
};
struct ByTotp {
  std::string code;
};
struct ByRecoveryCode {
  Secret code;
};
/// The code of a mail that signs in (features/mail_code), with the handle of whoever asked for it.
struct ByMailCode {
  std::string handle;
  std::string code;
};
using ByPasskey = flow::signin::PasskeyAssertion;
using Means = std::variant<ByPassword, ByTotp, ByRecoveryCode, ByMailCode, ByPasskey>;

/// Whose session.
struct Own {
  Subject subject;
  SessionId session;
};

/// The owner of a session proves once more to be there: from now on, and for ten minutes, the session may do
/// what a stolen token must not. Where the account has a second factor, the proof must be one. Tries are
/// counted as at sign-in. Refuses with recent_sign_in_required for a password or a mailed code that will not
/// do, with forbidden for such a code where `accounts.mail_sign_in` is off, with
/// invalid_credentials, invalid_code, invalid_passkey, passkeys_unavailable, factor_not_found,
/// too_many_attempts, overloaded and invalid_token.
Task<Result<>> prove(flow::Services& services, flow::Origin origin, Own own, Means means);

}  // namespace latchkey::features::sudo
