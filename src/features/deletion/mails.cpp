#include "features/deletion/mails.h"

#include <charconv>

#include "flow/accounts/notice.h"
#include "flow/links/make.h"

namespace latchkey::features::deletion {

namespace {

constexpr std::string_view due_name = "due";

/// Nothing in a mail that a version before this one has queued.
std::optional<Timestamp> read_due(const mail::Mail& mail) {
  const auto text = mail::value_of(mail.parameters, due_name);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return Timestamp{Microseconds{number}};
}

}  // namespace

mail::Value due_parameter(Timestamp due_at) {
  return {std::string(due_name), std::to_string(due_at.time_since_epoch().count())};
}

std::optional<mail::Links> make_keep_links(const mail::LinkKeys& keys, const mail::Mail& mail) {
  const auto& account = mail.account;
  if (!account.has_value() || account->email != mail.recipient) return std::nullopt;
  const auto link = flow::links::make_link(keys.ring, keys.settings, keep_link,
                                           {.id = mail.id,
                                            .subject = account->subject,
                                            .email_key = account->email_key,
                                            .security_version = account->security_version,
                                            .created_at = mail.created_at});
  mail::Links links{.values = {{"keep_url", keys.public_url + "/api/auth/keep_account/" + link.token}},
                    .expires_at = read_due(mail).value_or(link.expires_at)};
  // Whoever asked for the deletion may have done more. The other link stops it, too, and ends all that.
  if (const auto not_me = flow::accounts::make_not_me_links(keys, mail)) {
    links.values.insert(links.values.end(), not_me->values.begin(), not_me->values.end());
    links.moments.emplace_back("not_me_expires_at", not_me->expires_at);
  }
  return links;
}

}  // namespace latchkey::features::deletion
