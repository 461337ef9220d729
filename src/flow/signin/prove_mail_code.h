#pragma once

#include <string>

#include "base/error.h"
#include "base/task.h"
#include "db/tx.h"
#include "flow/links/kind.h"
#include "flow/links/prove.h"
#include "flow/origin.h"
#include "flow/services.h"

namespace latchkey::flow::signin {

/// Codes that are mailed for signing in. No mail carries a link of this kind yet.
inline constexpr links::Kind sign_in_code{
    .purpose = "sign_in",
    .token = crypto::jose::link_token_form("si+jwt"),
    .key = crypto::KeyUse::sign_in_link,
    .ttl = [](const Settings& settings) { return settings.accounts.code_ttl; },
};

/// Proves one thing: that whoever signs in reads the mailbox of an account. Uses nothing up: of each code
/// five wrong tries are looked at, and a hundred in a row of an account (links/prove.h); wrong passwords and
/// factors count elsewhere. A handle of an unknown address is refused after as much work. Refuses with
/// invalid_code.
Task<Result<links::Proof>> prove_mail_code(Services& services, Origin origin, std::string handle,
                                           std::string code);

/// Uses the code up, inside the transaction that counts the proof: of many at once one succeeds, the others
/// are refused with invalid_code.
///
/// An address that was not confirmed is confirmed by it. Somebody else may have made that account: its
/// password, its sessions and its factors end, so that whoever knows the password has no way in.
Result<> consume_mail_code(db::Tx& tx, const Origin& origin, const links::Proof& proof);

}  // namespace latchkey::flow::signin
