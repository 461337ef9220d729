#include "features/recovery/mails.h"

#include <charconv>

#include "features/recovery/reset_link.h"
#include "flow/links/make.h"
#include "flow/links/prove.h"

namespace latchkey::features::recovery {
namespace {

constexpr std::string_view code_ends_at = "code_ends_at";

std::optional<Timestamp> code_end_of(const mail::Values& parameters) {
  const std::string_view text = mail::value_of(parameters, code_ends_at);
  std::int64_t microseconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), microseconds);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return Timestamp{Microseconds{microseconds}};
}

}  // namespace

mail::Values reset_parameters(const settings::Settings& settings, const store::users::Contact& account,
                              Timestamp now) {
  const Timestamp code_ends = now + settings.accounts.code_ttl;
  return {{"version", std::to_string(account.security_version)},
          {std::string(code_ends_at), std::to_string(code_ends.time_since_epoch().count())}};
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
  // A mail that was late, or that an operator sends again, may come when its code is no longer good.
  const Timestamp code_ends = code_end_of(mail.parameters).value_or(link.code_expires_at);
  if (code_ends > mail.now && account->failed_codes < flow::links::most_codes_in_a_row) {
    links.values.push_back({"code", link.code});
    links.moments.emplace_back("code_expires_at", code_ends);
  }
  return links;
}

}  // namespace latchkey::features::recovery
