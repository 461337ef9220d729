#pragma once

#include <optional>

#include "mail/message.h"

namespace latchkey::features::recovery {

/// Link and code of a reset mail. Nothing where the account has changed since it was asked for: the link
/// would not work.
std::optional<mail::Links> make_reset_links(const mail::LinkKeys& keys, const mail::Mail& mail);

}  // namespace latchkey::features::recovery
