#include "features/mail_code/mails.h"

#include "flow/links/ask.h"
#include "flow/links/mail_values.h"
#include "flow/links/make.h"
#include "flow/signin/prove_mail_code.h"

namespace latchkey::features::mail_code {

std::optional<mail::Links> make_code(const mail::LinkKeys& keys, const mail::Mail& mail) {
  if (!flow::links::is_unchanged(mail)) return std::nullopt;
  const auto& account = *mail.account;
  const auto link = flow::links::make_link(keys.ring, keys.settings, flow::signin::sign_in_code,
                                           {.id = mail.id,
                                            .subject = account.subject,
                                            .email_key = account.email_key,
                                            .security_version = account.security_version,
                                            .created_at = mail.created_at});
  const auto ends = flow::links::end_of_code(mail, link.code_expires_at);
  mail::Links links{.values = {}, .expires_at = ends.value_or(link.code_expires_at)};
  if (ends.has_value()) links.values.push_back({"code", link.code});
  if (!account.is_proved) links.values.push_back({"unconfirmed", "yes"});
  return links;
}

}  // namespace latchkey::features::mail_code
