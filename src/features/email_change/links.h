#pragma once

#include <string_view>

#include "flow/accounts/held_address.h"
#include "flow/links/kind.h"

namespace latchkey::features::email_change {

/// To the new address; with the link and the code.
inline constexpr std::string_view change_message = "email_change";
/// To the old address: asked for, and done, with the undo.
inline constexpr std::string_view asked_message = "email_change_asked";
inline constexpr std::string_view changed_message = "email_changed";
/// To the new address.
inline constexpr std::string_view welcome_message = "email_changed_to";
/// To both, after an undo.
inline constexpr std::string_view undone_message = "email_undone";

inline constexpr flow::links::Kind change_link{
    .purpose = "email_change",
    .token = crypto::jose::link_token_form("ea+jwt"),
    .key = crypto::KeyUse::email_change_link,
    .ttl = [](const Settings&) -> Microseconds { return std::chrono::hours(24); },
};

/// Goes to the old address. No change of the account voids it: a thief must not be able to do so. Its use
/// takes the row of `scheduled` that holds the address.
inline constexpr flow::links::Kind undo_link{
    .purpose = "email_undo",
    .token = crypto::jose::link_token_form("eu+jwt"),
    .key = crypto::KeyUse::email_undo_link,
    .ttl = [](const Settings&) { return flow::accounts::undo_ttl; },
};

}  // namespace latchkey::features::email_change
