#pragma once

#include <string>

#include "base/error.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"

namespace latchkey::features::recovery {

/// Asks for the mail with which the owner of an address sets a new password. Answers the handle, with which
/// the code of that mail can be tried; where the account was sent enough mails already, that is the code of
/// the last one. An address without account and a blocked account get a handle that looks the same and opens
/// nothing, after the same work, and no mail. `language` is a tag for the mail, or empty. Refuses with
/// validation_failed what is no address, and with too_many_requests when all together have caused as many
/// mails as they may.
Task<Result<std::string>> ask_for_reset(flow::Services& services, flow::Origin origin, std::string email,
                                        std::string language);

}  // namespace latchkey::features::recovery
