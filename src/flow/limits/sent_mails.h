#pragma once

#include <optional>
#include <string_view>

#include "base/id.h"
#include "db/tx.h"
#include "settings/settings.h"

/// How many mails of one purpose an account is sent that anybody can ask for: one every
/// limits.mail_interval, five an hour, ten a day, and as many again that devices ask for which the account
/// knows (signin/devices.h). So nobody else uses up what the owner may ask for from there. The rows of
/// `mail_codes` tell how many there were, also of mails that carry no code.
namespace latchkey::flow::limits {

/// From where a mail is asked for, as the account sees it.
struct Asker {
  DeviceId device{};
  bool is_known = false;
};

struct SentMails {
  bool may_be_one_more = false;
  /// The mail whose code is good for longest, of those that this device has asked for, and of all.
  std::optional<LinkId> last_of_asker;
  std::optional<LinkId> last;
};

/// Call it after the statement that locks the account's row: of many at once each counts the mails of those
/// before it. Costs one round trip and reads one row, however many mails there were; give it no account
/// (`UserId{}`) where an unknown address must cost the same.
SentMails count_sent(db::Tx& tx, const settings::Settings& settings, std::string_view purpose, UserId account,
                     const Asker& asker, Timestamp now);

/// What is counted.
struct CountedMail {
  std::string_view purpose;
  LinkId id;
  UserId account;
  Asker asker{};
  std::string detail{};  ///< for codes
};
/// Counts a mail as sent: in the transaction that queues it.
void count_mail(db::Tx& tx, const settings::Settings& settings, const CountedMail& mail, Timestamp now);

}  // namespace latchkey::flow::limits
