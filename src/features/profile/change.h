#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/hold_caller.h"
#include "store/users.h"

namespace latchkey::features::profile {

struct Change {
  std::optional<std::string> username{};
  /// A language tag (BCP 47) that the account's mails are written in; empty: that of each request.
  std::optional<std::string> language{};
};

/// Changes what is given, and answers the account as it is then. Refuses with validation_failed, with
/// username_taken where names are unique, and as `hold_caller` does; then nothing is changed.
Task<Result<store::users::User>> change_profile(flow::Services& services, flow::Origin origin,
                                                flow::sessions::Asker asker, Change change);

}  // namespace latchkey::features::profile
