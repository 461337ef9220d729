#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "base/task.h"
#include "db/tx.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/tokens.h"
#include "flow/signin/next_step.h"
#include "store/factors.h"
#include "store/users.h"

/// A sign-in that has more than one step. What is proved so far stands in a login token, which the client
/// holds: the server keeps nothing of a sign-in that is under way. A token is void as soon as the account's
/// security version is raised (block, new password, another factor), and is spent by the step that it was
/// shown for.
namespace latchkey::flow::signin {

inline constexpr Microseconds login_token_ttl = std::chrono::minutes(10);  ///< since the first proof

struct Progress {
  store::users::Credentials account;
  Done done;
  Timestamp first_proof_at;
  LinkId token;    ///< that was shown; zero where this is the first proof
  LinkId binding;  ///< the browser that the token belongs to; zero for any other client
};

/// Reads a login token, and the account as it is now. The token of a browser is read for that browser alone
/// (`Origin::browser`), and that of any other client for no browser. Refuses with invalid_login_token, also
/// one that is spent, and with account_blocked.
Task<Result<Progress>> read_login_token(Services& services, Origin origin, std::string token);

/// Spends the token that was shown: of many at once one answers true. With the account's row locked. `go_on`
/// does it; a step that ends the sign-in does it itself.
bool spend_login_token(db::Tx& tx, const Progress& progress);

/// Uses a proof up, inside the transaction that counts it: a code that somebody else has used meanwhile is
/// refused here. The account's row is locked by then. What it writes stays only if it succeeds; it writes
/// nothing where it refuses.
using Consume = std::function<Result<>(db::Tx&)>;

/// One more thing is proved. In one transaction: the account is as it was, the login token is spent, the
/// proof is used up; then either the session is opened, or the sign-in needs a further step. Of many at once
/// with one token, or with one proof, one succeeds. Refuses with the code of the missing step and its new
/// login token, with what `consume` refuses, with account_blocked, and with invalid_login_token for an
/// account that has changed.
Task<Result<sessions::TokenPair>> go_on(Services& services, Origin origin, Progress progress, Proof proof,
                                        Consume consume);
/// The same for a proof with more than one bit, such as a passkey that verified its user.
Task<Result<sessions::TokenPair>> go_on(Services& services, Origin origin, Progress progress, Done proved,
                                        Consume consume);

/// The state of an account for the dispatcher. A hash without mark has no more steps and costs no statement.
AccountState state_of(const store::users::Credentials& account, const store::factors::Steps& steps);
AccountState state_of(db::Tx& tx, const store::users::Credentials& account);
Task<AccountState> read_state(Services& services, store::users::Credentials account);

/// For the audit: what was proved, such as "password totp".
std::string words_of(Done done);

/// What the settings demand of an account of this role.
Policy policy_for(const Settings& settings, Role role);

/// For a step that changes the account: whether the sign-in waits for it. Refuses with the code of the step
/// that comes before, and its login token; with what the dispatcher refuses; and with invalid_login_token
/// where no step is missing.
Result<> expect_step(const Services& services, const Progress& progress, Step::Kind wanted,
                     const AccountState& account, Timestamp now);

/// The refusal that asks for a step, with its login token: the one that was shown, if there was one, since
/// nothing more is proved.
Error missing_step(const Services& services, const Progress& progress, Step::Kind step,
                   const AccountState& account, Timestamp now);

}  // namespace latchkey::flow::signin
