#pragma once

#include <string_view>

#include "flow/links/kind.h"

namespace latchkey::features::recovery {

/// The mail with the link and the code, and the notice that follows a new password.
inline constexpr std::string_view reset_message = "password_reset";
inline constexpr std::string_view changed_message = "password_changed";

inline constexpr flow::links::Kind reset_link{
    .purpose = "password_reset",
    .token = crypto::jose::link_token_form("pr+jwt"),
    .key = crypto::KeyUse::reset_link,
    .ttl = [](const Settings& settings) { return settings.accounts.reset_ttl; },
};

}  // namespace latchkey::features::recovery
