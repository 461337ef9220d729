#include "features/recovery/mails.h"

#include "features/recovery/reset_link.h"
#include "flow/links/ask.h"
#include "flow/links/mail_values.h"
#include "flow/links/make.h"

namespace latchkey::features::recovery {

std::optional<mail::Links> make_reset_links(const mail::LinkKeys& keys, const mail::Mail& mail) {
  if (!flow::links::is_unchanged(mail)) return std::nullopt;
  const auto& account = mail.account;
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
