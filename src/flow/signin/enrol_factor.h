#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/task.h"
#include "db/tx.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/tokens.h"
#include "flow/signin/progress.h"

/// The step of a sign-in that adds the account's first factor, where the policy demands one
/// (`admin.second_factor`): whichever factor it is.
namespace latchkey::flow::signin {

/// Reads the login token of a sign-in that waits for its first factor. An account that has one never comes
/// here: its login token asks for that one. Refuses with invalid_login_token, account_blocked,
/// email_not_confirmed, and with the code of the step that comes before, with a login token for it.
Task<Result<Progress>> read_enrolment(Services& services, Origin origin, std::string login_token);

/// Writes the factor, inside the transaction that counts it, and answers its recovery codes. The account is
/// as it was read, its row locked; may run again. Writes nothing where it refuses.
using Enrol = std::function<Result<std::vector<std::string>>(db::Tx&)>;

struct Enrolled {
  sessions::TokenPair tokens;
  std::vector<std::string> recovery_codes;  ///< the one time that anybody sees them
};

/// In one transaction: the sign-in still waits for a factor, the login token is spent, the factor is written,
/// and counts as proved by `proved`; then the sign-in goes on. Of many at once with one token one succeeds.
///
/// Refuses as `read_enrolment` and `go_on` do, and with what `enrol` refuses. A refusal with the code of a
/// further step has come after the factor was written: it carries the recovery codes.
Task<Result<Enrolled>> enrol_and_go_on(Services& services, Origin origin, Progress progress, Done proved,
                                       Enrol enrol);

}  // namespace latchkey::flow::signin
