#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/authenticate.h"

namespace latchkey::features::password_change {

enum class OtherSessions : std::uint8_t { end, keep };

struct Change {
  std::optional<Secret> current;  ///< nothing: a recent proof will do
  Secret password;
  OtherSessions others = OtherSessions::end;
  std::string language;  ///< a tag for the notice, or empty
};

/// Gives the caller's account another password; the caller's session goes on. Of many at once one succeeds.
/// Refuses with invalid_credentials a wrong current password, which counts as one at sign-in does, and so
/// with too_many_attempts; with recent_sign_in_required where there is neither a current password nor a
/// recent proof, or the account was changed meanwhile; with validation_failed for the new one, with
/// overloaded, and as `hold_caller` does (flow/sessions/hold_caller.h).
Task<Result<>> change_password(flow::Services& services, flow::Origin origin, flow::sessions::Caller caller,
                               Change change);

/// Removes the password of the caller's account, and ends its other sessions. Refuses with last_way_in an
/// account that nobody could sign in to with a passkey (flow/accounts/ways_in.h), with
/// recent_sign_in_required one that was changed meanwhile, and as `hold_caller` does for a recent proof.
Task<Result<>> remove_password(flow::Services& services, flow::Origin origin, flow::sessions::Caller caller,
                               std::string language);

}  // namespace latchkey::features::password_change
