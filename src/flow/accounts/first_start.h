#pragma once

#include <optional>
#include <string>

#include "flow/origin.h"
#include "flow/services.h"

/// What is checked and made once, before the server accepts anything. All of it blocks.
namespace latchkey::flow::accounts {

/// Whether the settings could make the first administrator, before there is a store: a sentence for the
/// operator when they could not.
std::optional<std::string> check_administrator(const Settings& settings,
                                               const crypto::breached::Index* breached);

/// Makes the administrator of the settings, confirmed, when there is no confirmed, unblocked administrator.
/// Answers a sentence for the operator when the start must be refused: the address belongs to an account that
/// is none, or the password is refused.
std::optional<std::string> ensure_administrator(Services& services, const Origin& origin);

/// Whether there is a confirmed, unblocked administrator.
bool has_administrator(db::Database& database);

/// Where usernames are unique, gives every account its key. Answers a sentence naming two accounts that
/// collide.
std::optional<std::string> ensure_unique_usernames(Services& services);

}  // namespace latchkey::flow::accounts
