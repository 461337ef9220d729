#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/task.h"
#include "base/time.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/hold_caller.h"
#include "flow/sweep.h"
#include "store/users.h"

namespace latchkey::features::deletion {

/// Deletes an account now, by its owner. The entries of the audit that are about it lose address and detail,
/// a batch a transaction, the last one with the account itself. Its owner gets a notice. Answers the moment.
/// Nothing, and nothing is changed: the owner of the former address may still undo a change. Refuses with
/// last_administrator, and as `hold_caller` does.
Task<Result<std::optional<Timestamp>>> delete_at_once(flow::Services& services, flow::Origin origin,
                                                      flow::sessions::Asker asker,
                                                      store::users::Contact account, std::string language);

/// A step of the sweep: makes some of the audit nameless for the deletion that is due for longest, or carries
/// it out. A blocked account waits. What would leave no administrator is not done, and not tried again: the
/// account stays.
flow::Swept sweep_deletions(flow::Services& services, const flow::Origin& origin, std::string_view position,
                            std::int64_t most);

}  // namespace latchkey::features::deletion
