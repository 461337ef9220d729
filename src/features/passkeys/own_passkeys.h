#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/task.h"
#include "db/tx.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/hold_caller.h"
#include "store/passkeys.h"

namespace latchkey::features::passkeys {

/// Whose passkeys they are.
struct Owner {
  UserId id;
  Subject subject;
  SessionId session;  ///< that asks
};
inline flow::sessions::Asker asker_of(const Owner& owner) {
  return {.user = owner.id, .session = owner.session};
}

/// What becomes of the owner's other sessions: nothing, unless the one that stays is named.
struct EndedSessions {
  std::optional<SessionId> all_but{};
};
/// In the transaction of the change.
void end_others(db::Tx& tx, const Owner& owner, const EndedSessions& others);

/// The oldest first.
Task<std::vector<store::passkeys::Passkey>> list_own_passkeys(flow::Services& services, Owner owner);

/// The changes below refuse with invalid_token and recent_sign_in_required, too, as `hold_caller` does.

/// A name that a passkey can have, without blanks around it: 1 to 64 characters of one line. Refuses with
/// validation_failed at body.name.
Result<std::string> check_name(std::string_view name);

/// Refuses with passkey_not_found, and as `check_name` does.
Task<Result<>> rename_own_passkey(flow::Services& services, flow::Origin origin, Owner owner, Bytes passkey,
                                  std::string name);

/// Removes a passkey and tells the owner by mail. What signs in with it at the same time is refused. Refuses
/// with passkey_not_found, and with last_way_in for an account without a password where no other passkey can
/// be signed in with (flow/accounts/ways_in.h); of many at once, on any node, none leaves an account without
/// either.
Task<Result<>> remove_own_passkey(flow::Services& services, flow::Origin origin, Owner owner, Bytes passkey,
                                  EndedSessions others = {});

}  // namespace latchkey::features::passkeys
