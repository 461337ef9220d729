#pragma once

#include "base/error.h"
#include "base/secret.h"
#include "base/task.h"
#include "flow/events.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/signin/progress.h"

/// The owner of a session proves once more to be there (`POST /api/auth/sudo`), for what a stolen token must
/// not do. Each proof is the function that sign-in has for it, too; then `prove_again` uses it up.
namespace latchkey::flow::signin {

/// The account of a session, as it is now. Refuses with invalid_token.
Task<Result<store::users::Credentials>> read_own_account(Services& services, Subject account);

/// Whether a proof will do: with a factor on, only a factor does, so a password is not even looked at.
/// Refuses with recent_sign_in_required.
Task<Result<>> require_strong_proof(Services& services, store::users::Credentials account, Done proved);

/// Proves that the owner of a session, or of a sign-in that has begun otherwise, knows the password: as a
/// sign-in that begins with it does, with the same counters and the same cost (prove_password.h). A refusal
/// is written down as `event`. Refuses with invalid_credentials, too_many_attempts and overloaded.
Task<Result<Consume>> prove_own_password(Services& services, Origin origin, const Event& event,
                                         store::users::Credentials account, Secret password);

/// In one transaction: the account is as it was read, the proof will do and is used up, and the session was
/// proved by it just now, and by nothing else. Refuses with invalid_token where account or session has
/// changed or is gone, with recent_sign_in_required, and with what `consume` refuses.
Task<Result<>> prove_again(Services& services, Origin origin, store::users::Credentials account,
                           SessionId session, Done proved, Consume consume);

}  // namespace latchkey::flow::signin
