#pragma once

#include "base/error.h"
#include "base/task.h"
#include "base/time.h"
#include "flow/services.h"
#include "store/sessions.h"

namespace latchkey::flow::signin {

/// How long a proof counts as recent.
inline constexpr Microseconds recent = std::chrono::minutes(10);

/// The rule: `proved` at `now`.
bool is_recent(const store::sessions::Proved& proved, Timestamp now);

/// Whether the owner of a session has proved within `recent` to be there: by signing in, or by
/// `POST /api/auth/sudo`. Where the account has a factor by now, the proof was one: a password alone does not
/// do. Costs a point read. Refuses with recent_sign_in_required.
Task<Result<>> require_recent_proof(Services& services, Timestamp now, SessionId session);

}  // namespace latchkey::flow::signin
