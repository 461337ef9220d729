#pragma once

#include <optional>

#include "flow/limits/sent_mails.h"
#include "mail/message.h"

namespace latchkey::features::email_change {

/// What `make_change_links` has to know of a mail that is asked for now.
mail::Values change_parameters(const settings::Settings& settings, const store::users::Contact& account,
                               const flow::limits::Asker& asker, Timestamp now);

/// Link and code for the mailbox that the mail goes to. Nothing where the account has changed since.
std::optional<mail::Links> make_change_links(const mail::LinkKeys& keys, const mail::Mail& mail);

/// The undo, for the old address. Nothing where the account is gone or blocked.
std::optional<mail::Links> make_undo_links(const mail::LinkKeys& keys, const mail::Mail& mail);

}  // namespace latchkey::features::email_change
