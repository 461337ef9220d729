#pragma once

#include <optional>

#include "base/email_address.h"
#include "db/tx.h"
#include "flow/origin.h"
#include "store/scheduled.h"
#include "store/users.h"

namespace latchkey::flow::accounts {

/// Gives an account back to its owner, who has proved to read its mail, after somebody else did something to
/// it at `since`. In the transaction that has held the account (users::hold_active): ends every session and
/// the password, removes factors, recovery codes and what is scheduled since then, and voids links, codes and
/// sign-ins that are under way. The next sign-in is by a mailed code or a passkey that was there before, and
/// asks for a new password; a forgotten password is the other way. Neither takes the password that ended.
void take_back(db::Tx& tx, const Origin& origin, UserId account, Timestamp since);

/// Gives the account the address back that it holds by `row`, and takes what was made with that address
/// meanwhile and never confirmed. Of many at once one succeeds. False, and nothing is changed: the row is
/// gone or due, or a confirmed account has the address.
bool give_address_back(db::Tx& tx, const Origin& origin, const store::scheduled::Scheduled& row,
                       const EmailAddress& address);

}  // namespace latchkey::flow::accounts
