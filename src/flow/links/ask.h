#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/task.h"
#include "flow/events.h"
#include "flow/links/kind.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "mail/message.h"
#include "store/users.h"

/// Asking for a mail with a link or a code, by an address that may belong to nobody.
namespace latchkey::flow::links {

/// What is asked for. All are constants of the feature that sends the mail.
struct Request {
  const Kind& kind;
  std::string_view message;  ///< of a mail whose link or code has the purpose of `kind`
  const Event& asked;        ///< recorded when a mail is queued
};

/// Asks for the mail. Answers the handle, with which the code of that mail can be tried; where the account
/// was sent enough mails already, that is the code of the last one that this device has asked for, or else of
/// the last one, with tries that are counted apart from those of whoever has asked for it. An address without
/// account and a blocked account get a handle that looks the same and opens nothing, after the same work, and
/// no mail. `language` is a tag for the mail, or empty. Refuses with validation_failed what is no address,
/// and with too_many_requests when all together have caused as many mails as they may.
Task<Result<std::string>> ask_for_mail(Services& services, Origin origin, Request request, std::string email,
                                       std::string language);

/// What the mail's `MakeLinks` finds in the parameters of such a mail: whether the account is still what it
/// was when the mail was asked for.
bool is_unchanged(const mail::Mail& mail);

}  // namespace latchkey::flow::links
