#pragma once

#include <optional>

#include "flow/limits/sent_mails.h"
#include "flow/links/make.h"
#include "mail/message.h"
#include "settings/settings.h"

/// What a mail with a link and a code has in its row and in its templates beside the link.
namespace latchkey::flow::links {

/// For the parameters of a mail that is asked for now: until when its code is good, whatever the settings say
/// when it is sent.
mail::Value code_end(const Settings& settings, Timestamp now);

/// The same: by whom the tries of the code are counted.
mail::Value code_asker(const limits::Asker& asker);

/// Until when the code of a mail is good. Nothing: it has ended (a mail that was late, or that an operator
/// sends again, may come then), or no code of the account is looked at (prove.h). `otherwise`: for a mail
/// whose row does not say.
std::optional<Timestamp> end_of_code(const mail::Mail& mail, Timestamp otherwise);

/// Puts the code of `link` into a mail, as `code` and `code_expires_at`, while it is good.
void add_code(mail::Links& links, const Link& link, const mail::Mail& mail);

}  // namespace latchkey::flow::links
