#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/task.h"
#include "features/passkeys/own_passkeys.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/signin/passkey_challenge.h"
#include "flow/signin/relying_party.h"

namespace latchkey::features::passkeys {

/// What a browser needs to know to make a passkey.
struct RegistrationOptions {
  flow::signin::RelyingParty party;
  flow::signin::PasskeyChallenge challenge{};
  std::vector<store::passkeys::Passkey> existing;  ///< no second one on the same authenticator
};

/// Refuses with passkeys_unavailable and too_many_passkeys. Writes nothing.
Task<Result<RegistrationOptions>> registration_options(flow::Services& services, flow::Origin origin,
                                                       Owner owner);

/// What a browser needs to know to answer with a passkey.
struct AnswerOptions {
  std::string rp_id;
  flow::signin::PasskeyChallenge challenge{};
  std::vector<store::passkeys::Passkey> allowed;  ///< empty: any that the browser has for this site
};

/// For a first proof, the same for everybody. With the login token of a sign-in that is under way, names the
/// passkeys of its account. Refuses with passkeys_unavailable, invalid_login_token and account_blocked.
/// Writes nothing.
Task<Result<AnswerOptions>> sign_in_options(flow::Services& services, flow::Origin origin,
                                            std::optional<std::string> login_token);

/// For the owner of a session, who proves once more to be there. Refuses with passkeys_unavailable.
Task<Result<AnswerOptions>> proof_options(flow::Services& services, flow::Origin origin, Owner owner);

}  // namespace latchkey::features::passkeys
