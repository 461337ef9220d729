#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "flow/accounts/held_address.h"
#include "flow/links/kind.h"
#include "mail/message.h"

namespace latchkey::features::deletion {

inline constexpr std::string_view scheduled_message = "deletion_scheduled";  ///< with the link that stops it
inline constexpr std::string_view stopped_message = "deletion_stopped";      ///< a notice
inline constexpr std::string_view deleted_message = "account_deleted";       ///< a notice

/// The link is good as long as the deletion with its id is scheduled: no change of the account voids it,
/// since whoever has the account deleted must not be able to void it.
inline constexpr flow::links::Kind keep_link{
    .purpose = "keep_account",
    .token = crypto::jose::link_token_form("ka+jwt"),
    .key = crypto::KeyUse::keep_account_link,
    // A deletion that waits for the end of an undo is due later than the grace says.
    .ttl = [](const Settings& settings) -> Microseconds {
      return std::max<Microseconds>(settings.accounts.deletion_grace, flow::accounts::undo_ttl);
    },
};

/// What `make_keep_links` has to know of the deletion.
mail::Value due_parameter(Timestamp due_at);

/// Nothing where the account has another address.
std::optional<mail::Links> make_keep_links(const mail::LinkKeys& keys, const mail::Mail& mail);

}  // namespace latchkey::features::deletion
