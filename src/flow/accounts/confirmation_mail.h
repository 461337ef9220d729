#pragma once

#include <string>
#include <string_view>

#include "base/id.h"
#include "base/time.h"
#include "mail/queue.h"

namespace latchkey::flow::accounts {

/// The name of the message that asks the reader of an address to confirm it, and the purpose of the link in
/// it.
inline constexpr std::string_view confirmation_message = "confirmation";

/// That message to an account that was just made, or asked for it again. `language` is a tag, or empty.
inline mail::New confirmation_mail(UserId account, const std::string& email, const std::string& language,
                                   Timestamp now) {
  return {.message = std::string(confirmation_message),
          .user = account,
          .recipient = email,
          .locale = language,
          .link = std::string(confirmation_message),
          .now = now};
}

}  // namespace latchkey::flow::accounts
