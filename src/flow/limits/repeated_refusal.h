#pragma once

#include <string_view>

#include "base/time.h"
#include "flow/services.h"

namespace latchkey::flow::limits {

/// Whether the audit keeps a refusal that costs the client nothing (no hash, no mail): the first of an event
/// and of `whose` account or address is due, then one after a minute, two, four, and so on, down to one an
/// hour, as long as they go on. Otherwise a stranger who knows an address could grow the table as fast as the
/// disk writes. Metrics count them all.
bool is_due_for_audit(Services& services, std::string_view event, std::string_view whose, Timestamp now);

/// Whether the audit keeps one more refusal that a stranger can provoke, of all that there are: counts it.
bool may_be_kept(Services& services, Timestamp now);

}  // namespace latchkey::flow::limits
