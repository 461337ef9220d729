#pragma once

#include <optional>

#include "base/error.h"
#include "base/task.h"
#include "crypto/password/hash.h"
#include "flow/services.h"
#include "flow/signin/attempts.h"

namespace latchkey::flow::signin {

/// Proves one thing: that whoever signs in knows the password of an account. `attempt` was counted before
/// (attempts.h). Does equal work for everybody: a dummy is hashed for an address without account, and for a
/// password that no account can have (nothing).
///
/// Gives the password back, for whoever hashes it anew. Refuses with invalid_credentials, and with
/// overloaded, which gives the attempt back, too.
Task<Result<crypto::password::TriedPassword>> prove_password(
    Services& services, Timestamp now, Attempt attempt,
    std::optional<crypto::password::TriedPassword> password);

}  // namespace latchkey::flow::signin
