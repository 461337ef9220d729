#pragma once

#include <cstdint>
#include <string>

#include "base/client_network.h"
#include "base/error.h"
#include "base/id.h"
#include "base/secret.h"
#include "base/task.h"
#include "db/tx.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "store/users.h"

namespace latchkey::flow::accounts {

/// The hash of a password that `account` may have from now on. Refuses with validation_failed at
/// body.password one that is too short, too long, too easy to guess or leaked, or the one that `former` is a
/// hash of (empty: none), and with overloaded.
Task<Result<std::string>> hash_new_password(Services& services, ClientNetwork client,
                                            store::users::Contact account, Secret password,
                                            std::string former = {});

struct PasswordChanged {
  std::int64_t sessions_ended = 0;
};

/// Gives an account a new password whose owner has proved the address by a link or a code (links/prove.h). In
/// one transaction: the hash, the security version, which voids every older link and every sign-in that is
/// under way, the end of all sessions, of mailed codes, and of waiting mails with links; failed sign-ins are
/// forgotten, whatever they had closed is open again, and the address is confirmed. Opens no session and
/// unblocks nobody.
///
/// From now on the account knows `device`, where the new password comes from: strangers who go on guessing do
/// not lock it again before the owner has signed in there.
///
/// An account that was not confirmed until now may have been made by a stranger, who may have left a way in:
/// it loses its factors, too. Any other account keeps them.
///
/// Refuses with invalid_link when the account was blocked, removed or changed since `account` was read: of
/// many at once one succeeds.
Result<PasswordChanged> change_password_by_mail(db::Tx& tx, const Origin& origin,
                                                const store::users::Contact& account,
                                                const std::string& password_hash, const DeviceId& device);

/// Which sessions go on after a change.
struct KeptSessions {
  bool all = false;
  SessionId one{};  ///< where not all do; of nobody: none
};

/// Gives an account a new password whose owner is signed in or is signing in. In one transaction: the hash,
/// the version, and the end of mailed codes and of waiting mails with links; failed sign-ins are forgotten.
/// An empty hash removes the password. Ends every session but those of `kept`. Factors stay.
///
/// False, and nothing is changed, when the account was blocked, removed or changed since its version was
/// `version`: of many at once one succeeds.
bool change_password_by_owner(db::Tx& tx, const Origin& origin, UserId account, std::int64_t version,
                              const std::string& password_hash, const DeviceId& device,
                              const KeptSessions& kept);

}  // namespace latchkey::flow::accounts
