#pragma once

#include <string>

#include "base/error.h"
#include "base/role.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"

namespace latchkey::flow::accounts {

/// Lets only administrators pass. Refuses others with forbidden; the audit has what they asked for,
/// but not each time (limits/repeated_refusal.h).
Task<Result<>> require_administrator(Services& services, Origin origin, Role role, std::string asked_for);

}  // namespace latchkey::flow::accounts
