#pragma once

#include <optional>
#include <string>

#include "db/tx.h"
#include "flow/origin.h"
#include "settings/settings.h"
#include "store/users.h"

/// When an account that was never confirmed ends: `accounts.unconfirmed_ttl` after it was made, however often
/// a mail was asked for. From that moment it counts as gone, whenever its row is removed. Where no
/// confirmation is required none ends, and a blocked one never does: with it its block would go.
namespace latchkey::flow::accounts {

/// Whether the account has ended. A confirmed one never does.
bool has_lapsed(const Settings& settings, const store::users::Contact& account, Timestamp now);

/// Removes those that have ended, `most` at a time, and answers how many. The audit gets one entry with their
/// number in place of one each: their sign-ups stand there already, with the time, and strangers who sign up
/// by the thousand must not fill it twice as fast.
std::int64_t remove_lapsed(db::Tx& tx, const Settings& settings, const Origin& origin, std::int64_t most);

/// The same of those that hold this address or, where usernames are unique, this name: they are free.
std::int64_t remove_lapsed_holders(db::Tx& tx, const Settings& settings, const Origin& origin,
                                   const std::string& email_key,
                                   const std::optional<std::string>& username_key);

}  // namespace latchkey::flow::accounts
