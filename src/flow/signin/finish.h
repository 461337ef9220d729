#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "db/tx.h"
#include "flow/origin.h"
#include "flow/sessions/tokens.h"
#include "flow/signin/attempts.h"
#include "settings/settings.h"

namespace latchkey::flow::signin {

/// The one function that opens a session for somebody who signs in (sign-up, where no confirmation is asked
/// for, opens the first one in the transaction that makes the account). It does so if `attempt.account` is
/// still what was proved: the same hash and the same security version, unblocked; so a password that is
/// changed, an account that is blocked or a factor that is added while a proof is under way is never passed
/// over. The account knows the device from now on.
///
/// `new_hash` replaces the hash that was checked, where that was made with other parameters than today's.
/// Refuses with account_blocked, and with invalid_credentials for an account that was removed or changed
/// otherwise.
Result<sessions::SessionState> finish_sign_in(db::Tx& tx, const Settings& settings, const Origin& origin,
                                              const Attempt& attempt,
                                              const std::optional<std::string>& new_hash);

}  // namespace latchkey::flow::signin
