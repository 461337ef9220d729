#include "flow/limits/sent_mails.h"

#include <algorithm>

#include "store/mail_codes.h"

namespace latchkey::flow::limits {
namespace {

namespace codes = store::mail_codes;

constexpr Microseconds hour = std::chrono::hours(1);
constexpr Microseconds day = std::chrono::hours(24);
constexpr std::ptrdiff_t most_an_hour = 5;
constexpr std::ptrdiff_t most_a_day = 10;

}  // namespace

bool may_be_mailed(db::Tx& tx, const settings::Settings& settings, std::string_view purpose, UserId account,
                   Timestamp now) {
  // The rows have the end of a code: code_ttl after the mail.
  const Timestamp ends_now = now + settings.accounts.code_ttl;
  const auto sent = tx.run(codes::list_sent, account, std::string(purpose), ends_now - day);
  if (!settings.limits.enabled) return true;
  const auto in_the_last_hour = [&](Timestamp end) { return end > ends_now - hour; };
  return std::ssize(sent) < most_a_day && std::ranges::count_if(sent, in_the_last_hour) < most_an_hour;
}

void count_mail(db::Tx& tx, const settings::Settings& settings, std::string_view purpose, const LinkId& mail,
                UserId account, Timestamp now, const std::string& detail) {
  tx.run_later(codes::insert_code, mail, std::string(purpose), detail, now + settings.accounts.code_ttl,
               account);
}

}  // namespace latchkey::flow::limits
