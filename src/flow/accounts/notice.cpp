#include "flow/accounts/notice.h"

#include "base/email_address.h"
#include "crypto/random.h"
#include "flow/accounts/client_words.h"
#include "flow/limits/budget.h"
#include "flow/links/make.h"

namespace latchkey::flow::accounts {

std::optional<mail::Links> make_not_me_links(const mail::LinkKeys& keys, const mail::Mail& mail) {
  const auto& account = mail.account;
  if (!account.has_value() || !account->is_active) return std::nullopt;
  // Of the mailbox that the notice goes to, which the account may have left meanwhile.
  const auto mailbox = parse_email_address(mail.recipient, keys.settings.accounts.domains_without_dot);
  if (!mailbox.has_value()) return std::nullopt;
  const auto link = links::make_link(keys.ring, keys.settings, not_me_link,
                                     {.id = mail.id,
                                      .subject = account->subject,
                                      .email_key = mailbox->key.value,
                                      .security_version = account->security_version,
                                      .created_at = mail.created_at});
  return mail::Links{.values = {{"not_me_url", keys.public_url + "/api/auth/not_me/" + link.token}},
                     .expires_at = link.expires_at};
}

LinkId queue_notice(db::Tx& tx, const Services& services, const Origin& origin,
                    const store::users::Contact& owner, std::string_view message, mail::Values parameters,
                    std::string language, std::string link) {
  if (!owner.is_proved) {
    // Its owner may be anybody, who did not ask for these mails.
    const limits::Mailed mailed{.email_key = owner.email, .purpose = "notice"};
    if (!limits::may_get_mail(services, mailed, origin.now)) return crypto::new_link_id();
    limits::note_mail_to(services, mailed, origin.now);
  }
  // The account may be gone when the notice is sent.
  parameters.push_back({"username", owner.username});
  parameters.push_back({"address", origin.address});
  parameters.push_back({"device", origin.user_agent.empty() && origin.address.empty()
                                      ? std::string()
                                      : describe_client(origin.user_agent)});
  return mail::queue(tx, services.wake_mail,
                     {.message = std::string(message),
                      .user = owner.id,
                      .recipient = owner.email,
                      .locale = std::move(language),
                      .parameters = std::move(parameters),
                      .link = std::move(link),
                      .now = origin.now});
}

}  // namespace latchkey::flow::accounts
