#include "features/recovery/mails.h"

#include "features/recovery/reset_link.h"
#include "flow/links/mail_values.h"
#include "flow/links/make.h"

namespace latchkey::features::recovery {

mail::Values reset_parameters(const settings::Settings& settings, const store::users::Contact& account,
                              Timestamp now) {
  return {{"version", std::to_string(account.security_version)}, flow::links::code_end(settings, now)};
}

std::optional<mail::Links> make_reset_links(const mail::LinkKeys& keys, const mail::Mail& mail) {
  const auto& account = mail.account;
  if (!account.has_value() || account->email != mail.recipient) return std::nullopt;
  if (mail::value_of(mail.parameters, "version") != std::to_string(account->security_version))
    return std::nullopt;
  const auto link = flow::links::make_link(keys.ring, keys.settings, reset_link,
                                           {.id = mail.id,
                                            .subject = account->subject,
                                            .email_key = account->email_key,
                                            .security_version = account->security_version,
                                            .created_at = mail.created_at});
  mail::Links links{.values = {{"reset_url", keys.public_url + "/password/new/" + link.token}},
                    .expires_at = link.expires_at};
  flow::links::add_code(links, link, mail);
  return links;
}

}  // namespace latchkey::features::recovery
