#pragma once

#include <string_view>

#include "db/tx.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "store/users.h"

/// What owners are told by mail about the second factors of their accounts, whichever feature changes one.
/// Each is queued in the transaction of the change. The words are in the features `totp` and
/// `recovery_codes`.
namespace latchkey::flow::accounts {

inline constexpr std::string_view factor_added_message = "factor_added";
inline constexpr std::string_view factor_removed_message = "factor_removed";
inline constexpr std::string_view recovery_codes_made_message = "recovery_codes_made";
inline constexpr std::string_view recovery_code_used_message = "recovery_code_used";

/// `factor`: as the owner knows it, such as "authenticator app".
inline constexpr std::string_view authenticator_app = "authenticator app";

void tell_factor_added(db::Tx& tx, const Services& services, const Origin& origin, UserId account,
                       std::string_view factor);
void tell_factor_removed(db::Tx& tx, const Services& services, const Origin& origin, UserId account,
                         std::string_view factor);
void tell_recovery_codes_made(db::Tx& tx, const Services& services, const Origin& origin, UserId account);
/// After the code was used: says how many are left.
void tell_recovery_code_used(db::Tx& tx, const Services& services, const Origin& origin, UserId account);

}  // namespace latchkey::flow::accounts
