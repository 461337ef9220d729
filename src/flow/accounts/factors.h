#pragma once

#include <string_view>

#include "base/error.h"
#include "db/tx.h"
#include "flow/events.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "store/users.h"

/// Changes of second factors, whoever makes them: the owner or an operator. Each is one transaction over a
/// `Tx`: it raises the security version first, so that it waits for any other change of the account, voids
/// links and sign-ins that are under way, and tells the owner by mail.
namespace latchkey::flow::accounts {

/// The detail of the entry names the factor.
extern const Event factor_added;
extern const Event factor_removed;
extern const Event recovery_codes_made;

/// Removes the authenticator app, and the recovery codes if no other factor is left. Refuses with
/// factor_not_found and account_blocked.
Result<> remove_totp(db::Tx& tx, const Services& services, const Origin& origin, UserId user);
/// The same for all passkeys. An account without a password keeps them: last_way_in.
Result<> remove_passkeys(db::Tx& tx, const Services& services, const Origin& origin, UserId user);

/// Removes every factor and all recovery codes of an account whose row the caller has locked; passkeys stay
/// where the account has no password.
void remove_all_factors(db::Tx& tx, const Services& services, const Origin& origin,
                        const store::users::Credentials& account);

/// Ends the sessions of an owner that did not ask for the change.
void end_other_sessions(db::Tx& tx, UserId user, const SessionId& kept);

}  // namespace latchkey::flow::accounts
