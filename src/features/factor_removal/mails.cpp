#include "features/factor_removal/mails.h"

#include <charconv>

#include "flow/accounts/factor_notices.h"
#include "flow/links/make.h"
#include "mail/queue.h"

namespace latchkey::features::factor_removal {
namespace {

std::optional<std::int64_t> read_microseconds(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// As owners know them.
std::string_view words_of(Which which) {
  if (which == Which::totp) return flow::accounts::authenticator_app;
  return which == Which::passkeys ? "passkeys" : "all second factors";
}

}  // namespace

void queue_removal_mail(db::Tx& tx, const flow::Services& services, const flow::Origin& origin,
                        const store::users::Contact& owner, const Waiting& removal, Notice notice,
                        std::string language) {
  const bool by_owner = removal.wanted.by == AskedBy::owner;
  mail::queue(tx, services.wake_mail,
              {.message = std::string(removal_message),
               .user = owner.id,
               .recipient = owner.email,
               .locale = std::move(language),
               .parameters = {{"address", by_owner && notice == Notice::asked ? origin.address : ""},
                              {"administrator", by_owner ? "" : "yes"},
                              {"factor", std::string(words_of(removal.wanted.which))},
                              {"reminder", notice == Notice::reminder ? "yes" : ""},
                              {"removal", to_string(removal.id)},
                              {"due", std::to_string(removal.due_at.time_since_epoch().count())}},
               .link = std::string(stop_link.purpose),
               .now = origin.now});
}

std::optional<mail::Links> make_stop_links(const mail::LinkKeys& keys, const mail::Mail& mail) {
  const auto& account = mail.account;
  const auto removal = parse_id<LinkId>(mail::value_of(mail.parameters, "removal"));
  const auto due = read_microseconds(mail::value_of(mail.parameters, "due"));
  if (!account.has_value() || account->email != mail.recipient || !removal.has_value() || !due.has_value())
    return std::nullopt;
  const Timestamp due_at{Microseconds{*due}};
  // Both mails carry the same link, that of the removal.
  const auto link = flow::links::make_link(keys.ring, keys.settings, stop_link,
                                           {.id = *removal,
                                            .subject = account->subject,
                                            .email_key = account->email_key,
                                            .security_version = account->security_version,
                                            .created_at = mail.created_at});
  return mail::Links{.values = {{"stop_url", keys.public_url + "/api/auth/keep_factors/" + link.token}},
                     .expires_at = due_at,
                     .moments = {{"due_at", due_at}}};
}

}  // namespace latchkey::features::factor_removal
