#pragma once

#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "db/statement.h"

/// Mail that waits to be sent. A row is committed with what causes the mail and deleted once a server has
/// taken the mail; a crash in between sends the mail again, with the same link. No row holds a link, a code
/// or another secret.
namespace latchkey::store::mails {

struct Mail {
  LinkId id;
  UserId user_id;  ///< the account that the mail is about; 0 where there is none
  std::string message;
  std::string recipient;
  std::string locale;      ///< empty: the default language
  std::string parameters;  ///< a JSON object of texts, for the templates; empty: none
  std::string link;        ///< what the link or the code is for; empty: the mail is a notice
  Timestamp created_at;
  Timestamp next_try_at;
  std::int64_t tries = 0;
  bool put_aside = false;
  std::string last_error;
};
BOOST_DESCRIBE_STRUCT(Mail, (),
                      (id, user_id, message, recipient, locale, parameters, link, created_at, next_try_at,
                       tries, put_aside, last_error))

using InsertMail = db::Statement<db::Affected, LinkId, UserId, std::string, std::string, std::string,
                                 std::string, std::string, Timestamp>;
inline constexpr InsertMail insert_mail{
    "INSERT INTO mails (id, user_id, message, recipient, locale, parameters, link, created_at, next_try_at, "
    "tries, "
    "put_aside, last_error) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, 0, FALSE, '')"};

/// The same for the account with a subject, if there is one: for the unit that makes the account.
using InsertMailToSubject = db::Statement<db::Affected, LinkId, std::string, std::string, std::string,
                                          std::string, std::string, Timestamp, Subject>;
inline constexpr InsertMailToSubject insert_mail_to_subject{
    "INSERT INTO mails (id, user_id, message, recipient, locale, parameters, link, created_at, next_try_at, "
    "tries, "
    "put_aside, last_error) SELECT $1, id, $2, $3, $4, $5, $6, $7, $7, 0, FALSE, '' FROM users WHERE subject "
    "= $8"};

/// The statements of a table that mail waits in; they are the same for both such tables.
struct Queue {
  std::string_view table;

  /// What is due now, the longest waiting first.
  db::Statement<std::vector<Mail>, Timestamp, std::int64_t> list_due;
  /// Everything that waits or was put aside, a page after an id.
  db::Statement<std::vector<Mail>, LinkId, std::int64_t> list_all;
  /// How many mails wait or were put aside.
  db::Statement<std::optional<std::int64_t>> count_all;
  /// When the next mail falls due, if any waits.
  db::Statement<std::optional<Timestamp>> find_next_due;

  /// Takes a mail for sending until the lease `$1` ends, if nobody else took it since it was seen at `$3`.
  /// The number of tries includes this one.
  db::Statement<std::optional<std::int64_t>, Timestamp, LinkId, Timestamp> update_claimed;
  /// Moves the end of a lease to `$1`, later to keep the mail or to now to give it up, if the mail is still
  /// under it: the lease ends at `$3`, or, where an answer was lost, at `$4`.
  db::Statement<db::Affected, Timestamp, LinkId, Timestamp, Timestamp> update_lease;
  db::Statement<db::Affected, Timestamp, std::string, LinkId> update_failed;
  db::Statement<db::Affected, std::string, LinkId> update_put_aside;
  /// `latchkey mail retry`: due now, with a full count of tries.
  db::Statement<db::Affected, Timestamp, LinkId> update_retry;
  db::Statement<db::Affected, Timestamp> update_retry_all;

  /// A server has taken the mail, or nobody wants it any more.
  db::Statement<db::Affected, LinkId> delete_mail;
  /// The mails of an account that carry a link or a code; its notices stay.
  db::Statement<db::Affected, UserId> delete_links;
  /// The mails of an account whose link or code is for one purpose.
  db::Statement<db::Affected, UserId, std::string> delete_links_for;
  db::Statement<db::Affected> delete_all;
};

#define LATCHKEY_MAIL_QUEUE(TABLE, PURPOSE, SELECTED)                                                     \
  {                                                                                                       \
    .table = TABLE,                                                                                       \
    .list_due{"SELECT " SELECTED                                                                          \
              " WHERE NOT m.put_aside AND m.next_try_at <= $1 ORDER BY m.next_try_at LIMIT $2"},          \
    .list_all{"SELECT " SELECTED " WHERE m.id > $1 ORDER BY m.id LIMIT $2"},                              \
    .count_all{"SELECT count(*) FROM " TABLE},                                                            \
    .find_next_due{"SELECT next_try_at FROM " TABLE " WHERE NOT put_aside ORDER BY next_try_at LIMIT 1"}, \
    .update_claimed{"UPDATE " TABLE                                                                       \
                    " SET next_try_at = $1, tries = tries + 1 WHERE id = $2 AND next_try_at = $3"         \
                    " AND NOT put_aside RETURNING tries"},                                                \
    .update_lease{"UPDATE " TABLE                                                                         \
                  " SET next_try_at = $1 WHERE id = $2 AND next_try_at IN ($3, $4)"                       \
                  " AND NOT put_aside"},                                                                  \
    .update_failed{"UPDATE " TABLE " SET next_try_at = $1, last_error = $2 WHERE id = $3"},               \
    .update_put_aside{"UPDATE " TABLE " SET put_aside = TRUE, last_error = $1 WHERE id = $2"},            \
    .update_retry{"UPDATE " TABLE                                                                         \
                  " SET put_aside = FALSE, tries = 0, next_try_at = $1, created_at = "                    \
                  "CASE WHEN " PURPOSE                                                                    \
                  " <> '' THEN $1 ELSE created_at END"                                                    \
                  " WHERE id = $2"},                                                                      \
    .update_retry_all{"UPDATE " TABLE                                                                     \
                      " SET put_aside = FALSE, tries = 0, next_try_at = $1, created_at = "                \
                      "CASE WHEN " PURPOSE                                                                \
                      " <> '' THEN $1 ELSE created_at END"                                                \
                      " WHERE put_aside"},                                                                \
    .delete_mail{"DELETE FROM " TABLE " WHERE id = $1"},                                                  \
    .delete_links{"DELETE FROM " TABLE " WHERE user_id = $1 AND " PURPOSE " <> ''"},                      \
    .delete_links_for{"DELETE FROM " TABLE " WHERE user_id = $1 AND " PURPOSE " = $2"},                   \
    .delete_all{"DELETE FROM " TABLE},                                                                    \
  }

/// The table that this program writes.
inline constexpr Queue current =
    LATCHKEY_MAIL_QUEUE("mails", "link",
                        "m.id, m.user_id, m.message, m.recipient, m.locale, m.parameters, m.link, "
                        "m.created_at, m.next_try_at, m.tries, "
                        "m.put_aside, m.last_error FROM mails m");
/// The table that programs up to 0.1.0 write, of which some may still run. All of its mails carry a link,
/// whose purpose is the message's name, and go to the address that the account has now; they go with their
/// account.
inline constexpr Queue former =
    LATCHKEY_MAIL_QUEUE("outbox", "message",
                        "m.id, m.user_id, m.message, u.email, '', '', m.message, m.created_at, "
                        "m.next_try_at, m.tries, m.put_aside, "
                        "m.last_error FROM outbox m JOIN users u ON u.id = m.user_id");

#undef LATCHKEY_MAIL_QUEUE

inline constexpr const Queue* queues[] = {&current, &former};

/// Removes what nobody will ask for again, a batch at a time: what was put aside up to `$1`, and what was put
/// aside with a link for an account that is gone. What is not put aside falls due soon, and is judged then.
inline constexpr db::Statement<db::Affected, Timestamp, std::int64_t> delete_abandoned{
    "DELETE FROM mails WHERE id IN (SELECT m.id FROM mails m WHERE m.put_aside AND (m.created_at <= $1 OR "
    "(m.link <> '' "
    "AND m.user_id <> 0 AND NOT EXISTS (SELECT 1 FROM users u WHERE u.id = m.user_id))) LIMIT $2)"};

}  // namespace latchkey::store::mails
