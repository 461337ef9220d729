#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/role.h"
#include "base/secret.h"
#include "db/tx.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "store/users.h"

/// What administrators and operators do with accounts. Each is one transaction over a `Tx`, so that a flow
/// awaits it (`database.write`, see block_user.h) and the command line runs it at once
/// (`database.write_now`). All refuse with user_not_found.
namespace latchkey::flow::accounts {

enum class Access : std::uint8_t { blocked, allowed };

/// Blocks or unblocks. Blocking ends every session and drops the mail that waits; unblocking revives nothing.
/// Refuses with last_administrator.
Result<store::users::User> set_access(db::Tx& tx, const Origin& origin, UserId user, Access access);

/// Forgets every wrong password and every wrong code of an authenticator app: sign-in that they had locked or
/// closed works again, to whomever it was refused. Says nothing about a block.
Result<store::users::User> unlock(db::Tx& tx, const Origin& origin, UserId user);

/// Ends every session, since a role is part of a token. Refuses with last_administrator.
Result<store::users::User> set_role(db::Tx& tx, const Origin& origin, UserId user, Role role);

/// Removes the account with its sessions and mail; its address is free again, its subject is never used
/// again. Refuses with last_administrator.
Result<store::users::User> delete_user(db::Tx& tx, const Origin& origin, UserId user);

/// Adds an account as an operator describes it; subject and time are filled in here. Refuses with
/// account_exists, username_taken. An unconfirmed one gets the confirmation mail.
Result<store::users::User> add_account(db::Tx& tx, const Services& services, const Origin& origin,
                                       store::users::NewUser account);

}  // namespace latchkey::flow::accounts
