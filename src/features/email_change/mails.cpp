#include "features/email_change/mails.h"

#include "base/email_address.h"
#include "features/email_change/links.h"
#include "flow/links/mail_values.h"
#include "flow/links/make.h"

namespace latchkey::features::email_change {
namespace {

/// A link of `kind` for the mailbox that the mail goes to.
std::optional<flow::links::Link> link_to_recipient(const mail::LinkKeys& keys, const mail::Mail& mail,
                                                   const flow::links::Kind& kind) {
  const auto mailbox = parse_email_address(mail.recipient, keys.settings.accounts.domains_without_dot);
  if (!mailbox.has_value() || !mail.account.has_value() || !mail.account->is_active) return std::nullopt;
  return flow::links::make_link(keys.ring, keys.settings, kind,
                                {.id = mail.id,
                                 .subject = mail.account->subject,
                                 .email_key = mailbox->key.value,
                                 .security_version = mail.account->security_version,
                                 .created_at = mail.created_at});
}

}  // namespace

mail::Values change_parameters(const settings::Settings& settings, const store::users::Contact& account,
                               const flow::limits::Asker& asker, Timestamp now) {
  return {{"version", std::to_string(account.security_version)},
          flow::links::code_end(settings, now),
          flow::links::code_asker(asker)};
}

std::optional<mail::Links> make_change_links(const mail::LinkKeys& keys, const mail::Mail& mail) {
  const auto link = link_to_recipient(keys, mail, change_link);
  if (!link.has_value()) return std::nullopt;
  if (mail::value_of(mail.parameters, "version") != std::to_string(mail.account->security_version))
    return std::nullopt;
  mail::Links links{.values = {{"change_url", keys.public_url + "/api/auth/email_change/" + link->token}},
                    .expires_at = link->expires_at};
  flow::links::add_code(links, *link, mail);
  return links;
}

std::optional<mail::Links> make_undo_links(const mail::LinkKeys& keys, const mail::Mail& mail) {
  const auto link = link_to_recipient(keys, mail, undo_link);
  if (!link.has_value()) return std::nullopt;
  return mail::Links{.values = {{"undo_url", keys.public_url + "/api/auth/undo/" + link->token}},
                     .expires_at = link->expires_at};
}

}  // namespace latchkey::features::email_change
