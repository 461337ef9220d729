#pragma once

#include "flow/links/make.h"
#include "mail/message.h"
#include "settings/settings.h"

/// What a mail with a link and a code has in its row and in its templates beside the link.
namespace latchkey::flow::links {

/// For the parameters of a mail that is asked for now: until when its code is good, whatever the settings say
/// when it is sent.
mail::Value code_end(const Settings& settings, Timestamp now);

/// Puts the code of `link` into a mail, as `code` and `code_expires_at`. A mail that was late, or that an
/// operator sends again, may come when its code is no longer good: then it has none, nor has the mail of an
/// account for which no code is looked at (prove.h).
void add_code(mail::Links& links, const Link& link, const mail::Mail& mail);

}  // namespace latchkey::flow::links
