#pragma once

#include <functional>
#include <string>

#include "db/database.h"
#include "mail/message.h"
#include "store/mails.h"

/// Asking for mail: part of the transaction that causes it, so that a mail is sent exactly if the transaction
/// is committed.
namespace latchkey::mail {

/// A mail that is asked for.
struct New {
  std::string message;    ///< the name of a row of `Feature::mails`
  UserId user{};          ///< the account that the mail is about; none for a stranger
  std::string recipient;  ///< an address that was checked
  std::string locale{};   ///< a language tag (BCP 47), such as `de-AT`; empty: the default language
  /// Texts for the templates, and what the message's `MakeLinks` wants to know later. Never a secret.
  Values parameters{};
  std::string link{};  ///< the purpose of the message's link or code; empty where the message is a notice
  Timestamp now;
};

/// Wakes the worker: `flow::Services::wake_mail`. Never blocks.
using Wake = std::function<void()>;

/// Writes the row. The id names the mail, its link and its code. Once `tx` has committed, the mail is counted
/// and the worker woken; `wake` must be there until then.
LinkId queue(db::Tx& tx, const Wake& wake, const New& mail);

/// The row of a mail, for the unit that makes the mail's account: `queue_to_subject` borrows from it.
struct Row {
  explicit Row(const New& mail);
  LinkId id;
  std::string message;
  std::string recipient;
  std::string locale;
  std::string parameters;
  std::string link;
  Timestamp created_at;
};
/// Called once `mails` mails were committed: counts them and wakes the worker.
void announce(const Wake& wake, std::int64_t mails);

/// `queue` as a statement of a unit: for the account with that subject, if there is one. Borrows from all
/// three.
inline auto queue_to_subject(const Row& row, const Subject& subject, const Wake& wake) {
  return db::WithHook(
      store::mails::insert_mail_to_subject.with(row.id, row.message, row.recipient, row.locale,
                                                row.parameters, row.link, row.created_at, subject),
      [&wake](const db::Affected& written) { announce(wake, written.rows); });
}

/// The account is blocked or removed: drops its mails that carry a link or a code, and counts them once that
/// is committed. Notices stay.
void drop_links(db::Tx& tx, UserId user);
/// The links for that purpose are of no use any more: drops the mails that carry one.
void drop_links_for(db::Tx& tx, UserId user, const std::string& purpose);

/// How many mails wait or were put aside. Blocks.
std::int64_t count_waiting(db::Database& database);

/// Parameters as a row keeps them, and back. Nothing for a text that is no JSON object of texts.
std::string write_parameters(const Values& parameters);
std::optional<Values> read_parameters(std::string_view text);

}  // namespace latchkey::mail
