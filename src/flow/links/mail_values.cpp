#include "flow/links/mail_values.h"

#include <charconv>

#include "flow/links/prove.h"

namespace latchkey::flow::links {
namespace {

constexpr std::string_view code_ends_at = "code_ends_at";
constexpr std::string_view asked_by_known = "asked_by_known";

std::optional<Timestamp> code_end_of(const mail::Values& parameters) {
  const std::string_view text = mail::value_of(parameters, code_ends_at);
  std::int64_t microseconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), microseconds);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return Timestamp{Microseconds{microseconds}};
}

}  // namespace

mail::Value code_end(const Settings& settings, Timestamp now) {
  const Timestamp ends = now + settings.accounts.code_ttl;
  return {std::string(code_ends_at), std::to_string(ends.time_since_epoch().count())};
}

mail::Value code_asker(const limits::Asker& asker) {
  return {std::string(asked_by_known), asker.is_known ? "yes" : ""};
}

std::optional<Timestamp> end_of_code(const mail::Mail& mail, Timestamp otherwise) {
  const Timestamp ends = code_end_of(mail.parameters).value_or(otherwise);
  const auto& account = mail.account;
  const bool known = !mail::value_of(mail.parameters, asked_by_known).empty();
  const bool is_shut = account.has_value() &&
                       (known ? account->failed_known_codes : account->failed_codes) >= most_codes_in_a_row;
  if (ends <= mail.now || is_shut) return std::nullopt;
  return ends;
}

void add_code(mail::Links& links, const Link& link, const mail::Mail& mail) {
  const auto ends = end_of_code(mail, link.code_expires_at);
  if (!ends.has_value()) return;
  links.values.push_back({"code", link.code});
  links.moments.emplace_back("code_expires_at", *ends);
}

}  // namespace latchkey::flow::links
