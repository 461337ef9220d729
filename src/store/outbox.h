#pragma once

#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "db/statement.h"
#include "db/tx.h"

/// Mail that waits to be sent. A row is committed with what causes the mail and deleted once a
/// server has taken it; a crash in between sends it again, with the same link.
namespace latchkey::store::outbox {

/// A mail with the account that it goes to.
struct Mail {
  LinkId id;
  std::string message;
  Timestamp created_at;
  Timestamp next_try_at;
  std::int64_t tries = 0;
  bool put_aside = false;
  std::string last_error;
  UserId user_id;
  Subject subject;
  std::string email;
  std::string email_key;
  std::string username;
};
BOOST_DESCRIBE_STRUCT(Mail, (),
                      (id, message, created_at, next_try_at, tries, put_aside, last_error, user_id, subject,
                       email, email_key, username))

inline constexpr db::Statement<db::Affected, LinkId, UserId, std::string, Timestamp> insert_mail{
    "INSERT INTO outbox (id, user_id, message, created_at, next_try_at, tries, put_aside, last_error) "
    "VALUES ($1, $2, $3, $4, $4, 0, FALSE, '')"};
/// The same for the account with a subject, if there is one: for the unit that makes the account.
inline constexpr db::Statement<db::Affected, LinkId, std::string, Timestamp, Subject> insert_mail_to_subject{
    "INSERT INTO outbox (id, user_id, message, created_at, next_try_at, tries, put_aside, last_error) "
    "SELECT $1, id, $2, $3, $3, 0, FALSE, '' FROM users WHERE subject = $4"};

#define LATCHKEY_MAIL_COLUMNS                                                                           \
  "o.id, o.message, o.created_at, o.next_try_at, o.tries, o.put_aside, o.last_error, u.id, u.subject, " \
  "u.email, "                                                                                           \
  "u.email_key, u.username FROM outbox o JOIN users u ON u.id = o.user_id "

/// What is due now, the longest waiting first.
inline constexpr db::Statement<std::vector<Mail>, Timestamp, std::int64_t> list_due{
    "SELECT " LATCHKEY_MAIL_COLUMNS
    "WHERE NOT o.put_aside AND o.next_try_at <= $1 ORDER BY o.next_try_at LIMIT $2"};
/// Everything that waits or was put aside, a page after an id.
inline constexpr db::Statement<std::vector<Mail>, LinkId, std::int64_t> list_all{
    "SELECT " LATCHKEY_MAIL_COLUMNS "WHERE o.id > $1 ORDER BY o.id LIMIT $2"};

#undef LATCHKEY_MAIL_COLUMNS

/// How many mails wait or were put aside.
inline constexpr db::Statement<std::optional<std::int64_t>> count_all{"SELECT count(*) FROM outbox"};

/// When the next mail falls due, if any waits.
inline constexpr db::Statement<std::optional<Timestamp>> find_next_due{
    "SELECT next_try_at FROM outbox WHERE NOT put_aside ORDER BY next_try_at LIMIT 1"};

/// Takes a mail for sending until the lease `$1` ends, if nobody else took it since it was seen at `$3`. The
/// number of tries includes this one.
inline constexpr db::Statement<std::optional<std::int64_t>, Timestamp, LinkId, Timestamp> update_claimed{
    "UPDATE outbox SET next_try_at = $1, tries = tries + 1 WHERE id = $2 AND next_try_at = $3 AND NOT "
    "put_aside "
    "RETURNING tries"};

/// Moves the end of a lease to `$1`, later to keep the mail or to now to give it up, if the mail is still
/// under it: the lease ends at `$3`, or, where an answer was lost, at `$4`.
inline constexpr db::Statement<db::Affected, Timestamp, LinkId, Timestamp, Timestamp> update_lease{
    "UPDATE outbox SET next_try_at = $1 WHERE id = $2 AND next_try_at IN ($3, $4) AND NOT put_aside"};

/// A server has taken the mail.
inline constexpr db::Statement<db::Affected, LinkId> delete_mail{"DELETE FROM outbox WHERE id = $1"};
inline constexpr db::Statement<db::Affected, UserId> delete_mail_of_user{
    "DELETE FROM outbox WHERE user_id = $1"};

inline constexpr db::Statement<db::Affected, Timestamp, std::string, LinkId> update_failed{
    "UPDATE outbox SET next_try_at = $1, last_error = $2 WHERE id = $3"};
inline constexpr db::Statement<db::Affected, std::string, LinkId> update_put_aside{
    "UPDATE outbox SET put_aside = TRUE, last_error = $1 WHERE id = $2"};
/// `latchkey mail retry`: due now, with a full count of tries.
inline constexpr db::Statement<db::Affected, Timestamp, LinkId> update_retry{
    "UPDATE outbox SET put_aside = FALSE, tries = 0, next_try_at = $1, created_at = $1 WHERE id = $2"};
inline constexpr db::Statement<db::Affected, Timestamp> update_retry_all{
    "UPDATE outbox SET put_aside = FALSE, tries = 0, next_try_at = $1, created_at = $1 WHERE put_aside"};
inline constexpr db::Statement<db::Affected> delete_all{"DELETE FROM outbox"};

}  // namespace latchkey::store::outbox
