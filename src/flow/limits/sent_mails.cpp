#include "flow/limits/sent_mails.h"

#include "store/mail_codes.h"

namespace latchkey::flow::limits {
namespace {

namespace codes = store::mail_codes;

constexpr Microseconds hour = std::chrono::hours(1);
constexpr Microseconds day = std::chrono::hours(24);
constexpr std::int64_t most_an_hour = 5;
constexpr std::int64_t most_a_day = 10;

}  // namespace

SentMails count_sent(db::Tx& tx, const settings::Settings& settings, std::string_view purpose, UserId account,
                     const Asker& asker, Timestamp now) {
  // The rows have the end of a code: code_ttl after the mail.
  const Timestamp ends_now = now + settings.accounts.code_ttl;
  const auto sent = tx.run(codes::count_sent, ends_now - settings.limits.mail_interval, ends_now - hour,
                           account, std::string(purpose), now, asker.is_known, asker.device, ends_now - day);
  if (!sent.has_value()) return {};
  const bool are_few =
      sent->since_interval == 0 && sent->since_hour < most_an_hour && sent->since_day < most_a_day;
  return {.may_be_one_more = are_few || !settings.limits.enabled,
          .last_of_asker = sent->last_of_device,
          .last = sent->last};
}

void count_mail(db::Tx& tx, const settings::Settings& settings, const CountedMail& mail, Timestamp now) {
  tx.run_later(codes::insert_code, mail.id, std::string(mail.purpose), mail.detail,
               now + settings.accounts.code_ttl, mail.asker.device, mail.asker.is_known, mail.account);
}

}  // namespace latchkey::flow::limits
