#pragma once

#include "base/error.h"
#include "base/task.h"
#include "base/time.h"
#include "features/factor_removal/waiting.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/hold_caller.h"

namespace latchkey::features::factor_removal {

/// An administrator asks for the removal of factors that the owner of another account has lost. They are
/// removed in `admin.factor_removal_delay`, never at once, unless somebody stops it until then: by the link
/// of the mails that the owner gets at once and half-way, or by signing in with a factor. Answers when it is
/// due; a second call changes nothing and answers the same.
///
/// Refuses with forbidden where the delay is 0, and for the administrator's own account: whoever has taken
/// over the session must not come by the mailbox, which the owner's own way asks for (removal.h). Also
/// refuses with user_not_found, account_blocked, and as `schedule_removal` does.
Task<Result<Timestamp>> ask_for_removal_of(flow::Services& services, flow::Origin origin,
                                           flow::sessions::Asker administrator, UserId user, Which which);

}  // namespace latchkey::features::factor_removal
