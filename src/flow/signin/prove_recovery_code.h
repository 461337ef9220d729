#pragma once

#include "base/error.h"
#include "base/secret.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/signin/progress.h"

namespace latchkey::flow::signin {

inline constexpr int recovery_code_tries = 5;

/// What the tries of a recovery code are counted with: a login token, or a session that proves its owner
/// anew.
struct CountedWith {
  LinkId id;
  Timestamp until;  ///< forgotten from then on
};
CountedWith counted_with(const Progress& progress);
/// A session has five tries in ten minutes.
CountedWith counted_with(const SessionId& session, Timestamp now);

/// Proves one thing: that whoever signs in, or is signed in, has a recovery code of an account. A try is
/// counted before anybody looks for the code. Wrong codes of the authenticator app do not matter here, nor do
/// these tries there. A text that can not be a code is refused without a try.
///
/// Gives what uses the code up, and tells the owner by mail: of many at once with one code one succeeds.
/// Refuses with invalid_code, also by what it gives, and with too_many_attempts.
Task<Result<Consume>> prove_recovery_code(Services& services, Origin origin, UserId account, Subject subject,
                                          CountedWith counted, Secret code);

}  // namespace latchkey::flow::signin
