#pragma once

#include <optional>
#include <string_view>

#include "mail/message.h"

namespace latchkey::features::mail_code {

inline constexpr std::string_view code_message = "sign_in_code";

/// The code of the mail. It is left out where too many wrong ones were typed for the account: the mail says
/// so. Nothing where the account has changed since it was asked for, or where the mail is late: the code
/// would not work.
std::optional<mail::Links> make_code(const mail::LinkKeys& keys, const mail::Mail& mail);

}  // namespace latchkey::features::mail_code
