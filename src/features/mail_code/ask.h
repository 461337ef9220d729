#pragma once

#include <string>

#include "base/error.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"

namespace latchkey::features::mail_code {

/// Refuses with forbidden where `accounts.mail_sign_in` is off.
Result<> require_mail_sign_in(const Settings& settings);

/// Asks for the mail with which the owner of an address signs in; answers the handle that goes with its code
/// (flow/links/ask.h, which says what an unknown address gets and what is refused). Refuses with forbidden
/// where `accounts.mail_sign_in` is off.
Task<Result<std::string>> ask_for_code(flow::Services& services, flow::Origin origin, std::string email,
                                       std::string language);

}  // namespace latchkey::features::mail_code
