#pragma once

#include <optional>

#include "mail/message.h"

namespace latchkey::features::recovery {

/// Link and code of a reset mail. Nothing where the account has changed since it was asked for: the link
/// would not work.
/// A mail whose code is not good any more when it is sent has the link alone.
std::optional<mail::Links> make_reset_links(const mail::LinkKeys& keys, const mail::Mail& mail);

}  // namespace latchkey::features::recovery
