#pragma once

#include "base/bytes.h"
#include "base/id.h"
#include "db/tx.h"
#include "flow/services.h"

namespace latchkey::flow::accounts {

/// Whether somebody can sign in to an account without its password by a passkey, other than `without`: one of
/// this server's relying party, whose authenticator asked for a fingerprint, a face or a PIN when it was
/// made. Any other is only one factor, and needs a mailed code (`accounts.mail_sign_in`) with it. In a
/// transaction that has locked the account's row.
bool has_passkey_way_in(db::Tx& tx, const Services& services, UserId account, const Bytes& without = {});

}  // namespace latchkey::flow::accounts
