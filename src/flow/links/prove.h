#pragma once

#include <string>

#include "base/error.h"
#include "base/task.h"
#include "db/tx.h"
#include "flow/links/kind.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "store/users.h"

/// What a link or a code of a mail proves: that the client that shows it reads the mailbox of an account.
/// Neither call uses it up. What changes the account then compares `account.security_version` and raises it
/// (accounts/change_password.h), which voids every link and code of the account; what changes nothing calls
/// `spend`.
namespace latchkey::flow::links {

struct Proof {
  LinkId id;                      ///< of the mail, whether its link or its code was shown
  Timestamp expires_at;           ///< of the link in that mail, which outlives the code
  store::users::Contact account;  ///< unblocked, and as it was when this was proved
  std::string detail;             ///< of a code, as it was given to `expect_code`
};

/// Refuses with invalid_link whatever is wrong: expired, forged, of another kind, or made before the
/// account's address, password, role or block changed. `kind` is a constant.
Task<Result<Proof>> look_at_link(Services& services, Origin origin, const Kind& kind, std::string token);

/// Wrong codes in a row, over all mails of an account (those that known devices have asked for apart), after
/// which no code of it is looked at until its owner has signed in by password or set a new one by a link.
/// Mail that is sent meanwhile carries no code.
inline constexpr std::int64_t most_codes_in_a_row = 100;

/// Refuses with invalid_link, too. Of each code five wrong tries of whoever has asked for it are looked at,
/// five of all others, and a hundred in a row of an account, known devices apart; they are counted before the
/// code is compared, so that many at once can not pass the limit. A right one costs no try. A handle of an
/// unknown address is refused after as much work.
Task<Result<Proof>> try_code(Services& services, Origin origin, const Kind& kind, std::string handle,
                             std::string code);

/// Uses up the link and the code of a mail. Of many at once one call answers true.
bool spend(db::Tx& tx, const Proof& proof);

}  // namespace latchkey::flow::links
