#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/task.h"
#include "features/passkeys/new_passkey.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "store/passkeys.h"

namespace latchkey::features::passkeys {

struct AddedPasskey {
  store::passkeys::Passkey passkey;
  std::vector<std::string> recovery_codes;  ///< of an account that had no second factor before
};

/// Takes a passkey that was made for one of our challenges, and tells the owner by mail. An account that had
/// no second factor gets its recovery codes, which nobody sees again. Of many at once with one challenge, on
/// any node, one succeeds. Ends the account's other sessions where `others` names the one that stays.
///
/// Refuses with invalid_passkey, whatever is wrong (also a credential that is known already, to whomever it
/// belongs), too_many_passkeys, passkeys_unavailable and validation_failed.
Task<Result<AddedPasskey>> add_passkey(flow::Services& services, flow::Origin origin, Owner owner,
                                       NewPasskey made, EndedSessions others = {});

}  // namespace latchkey::features::passkeys
