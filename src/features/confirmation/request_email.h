#pragma once

#include <string>

#include "base/error.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"

namespace latchkey::features::confirmation {

enum class EmailRequest : std::uint8_t {
  check_your_mail,    ///< whether or not there is an account, and whether or not a mail was sent
  already_confirmed,  ///< no mail
};

/// Asks for another confirmation mail, in a language (a tag, or empty for the default). An unknown address
/// gets the first answer after the same work. Not more than one mail an interval to one address, the sign-up
/// mail counted, and not more than `limits.mails_per_recipient` of any kind. Refuses with validation_failed,
/// and with too_many_requests when all together have caused as many mails as they may.
Task<Result<EmailRequest>> request_email(flow::Services& services, flow::Origin origin, std::string email,
                                         std::string language = {});

}  // namespace latchkey::features::confirmation
