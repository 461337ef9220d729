#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "db/tx.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "store/factors.h"
#include "store/users.h"

/// A removal of factors that waits for its time, whoever asked for it. An account has one at most.
namespace latchkey::features::factor_removal {

enum class Which : std::uint8_t { all, totp, passkeys };
std::string_view name_of(Which which);
/// Nothing for a text that names none.
std::optional<Which> find_which(std::string_view name);

enum class AskedBy : std::uint8_t { owner, administrator };

struct Wanted {
  Which which = Which::all;
  AskedBy by = AskedBy::owner;
};
/// What the row of a removal says of it (`detail` in store/factor_removals.h).
std::string detail_of(const Wanted& wanted);
Wanted read_detail(std::string_view detail);

/// Whether the account has any of these factors.
bool has_any(const store::factors::Steps& steps, Which which);

/// Schedules a removal for `delay` from now and mails the owner, in a transaction that holds the account's
/// row; answers when it is due. Where a removal waits already that removes all that is wanted, changes
/// nothing and answers when that one is due.
///
/// Refuses with factor_not_found; with factor_removal_waiting where one waits that removes less; and with
/// last_way_in what would remove nothing, since an account without a password keeps its passkeys.
Result<Timestamp> schedule_removal(db::Tx& tx, const flow::Services& services, const flow::Origin& origin,
                                   const store::users::Credentials& account, const Wanted& wanted,
                                   Microseconds delay, std::string language);

}  // namespace latchkey::features::factor_removal
