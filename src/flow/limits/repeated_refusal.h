#pragma once

#include <string_view>

#include "base/id.h"
#include "base/time.h"
#include "flow/services.h"

namespace latchkey::flow::limits {

/// Whether the audit gets a refusal that costs whoever provokes it nothing (no hash, no mail): the first of
/// an account and an event is written, then one after a minute, two, four, and so on, down to one an hour, as
/// long as they go on. Otherwise a stranger who knows an address could grow the table as fast as the disk
/// writes. Metrics count them all.
bool is_due_for_audit(Services& services, std::string_view event, const Subject& account, Timestamp now);

}  // namespace latchkey::flow::limits
