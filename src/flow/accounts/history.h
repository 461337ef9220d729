#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/id.h"
#include "base/task.h"
#include "db/tx.h"
#include "flow/services.h"
#include "store/audit.h"

/// What the audit has of one account, by its subject.
namespace latchkey::flow::accounts {

/// Up to so many entries, the newest first, from before an entry on (nothing: from the newest on).
Task<std::vector<store::audit::Told>> list_history(Services& services, Subject account,
                                                   std::optional<std::int64_t> before, std::int64_t limit);

/// Takes address and detail from up to `most` entries; answers how many. What happened, and when, stays.
std::int64_t forget_history(db::Tx& tx, const Subject& account, std::int64_t most);

}  // namespace latchkey::flow::accounts
