#pragma once

#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/role.h"
#include "base/time.h"
#include "db/statement.h"
#include "db/tx.h"

/// Accounts. Every statement throws `Unavailable` when the store can not answer. E-mail addresses are unique
/// by their key, user names by theirs where one is given; the constraint decides, not a look before.
namespace latchkey::store::users {

/// What an API answer or an operator sees of an account.
struct User {
  UserId id;
  Subject subject;
  std::string email;
  std::string username;
  std::optional<std::string> avatar;
  Role role = Role::user;
  bool confirmed = false;  ///< needs no confirmation
  bool is_active = false;
  bool has_live_session = false;
  Timestamp created_at;
  Timestamp updated_at;
  /// Whether somebody has proved to read the address, which an account that was made while confirmation was
  /// off does not need for signing in.
  bool is_proved = false;
};
BOOST_DESCRIBE_STRUCT(User, (),
                      (id, subject, email, username, avatar, role, confirmed, is_active, has_live_session,
                       created_at, updated_at, is_proved))

/// What a sign-in needs to know before it hashes.
struct Credentials {
  UserId id;
  Subject subject;
  std::string password_hash;  ///< marked where the account has more steps (store/factors.h)
  Role role = Role::user;
  bool confirmed = false;
  bool is_active = false;
  std::int64_t failed_sign_ins = 0;
  Timestamp locked_until;
  std::int64_t security_version = 0;
  Timestamp password_closed_at;
};
BOOST_DESCRIBE_STRUCT(Credentials, (),
                      (id, subject, password_hash, role, confirmed, is_active, failed_sign_ins, locked_until,
                       security_version, password_closed_at))

/// What unknown devices have failed (store/attempts.h).
struct Failures {
  std::int64_t failed_sign_ins = 0;
  Timestamp locked_until;
  Timestamp password_closed_at;
};
BOOST_DESCRIBE_STRUCT(Failures, (), (failed_sign_ins, locked_until, password_closed_at))

/// What confirming and mailing need to know.
struct Contact {
  UserId id;
  Subject subject;
  std::string email;
  std::string email_key;
  std::string username;
  bool confirmed = false;  ///< needs no confirmation
  bool is_active = false;
  Timestamp created_at;
  std::int64_t security_version = 0;
  std::int64_t failed_codes = 0;
  std::string language;    ///< of mails, a tag that the owner has chosen; empty: that of each request
  bool is_proved = false;  ///< as `User` has it
  std::int64_t failed_known_codes = 0;  ///< of mails that known devices have asked for
};
BOOST_DESCRIBE_STRUCT(Contact, (),
                      (id, subject, email, email_key, username, confirmed, is_active, created_at,
                       security_version, failed_codes, language, is_proved, failed_known_codes))

struct NewUser {
  std::optional<UserId> id{};  ///< brought along from elsewhere; nothing: the database gives one
  Subject subject{};
  std::string email;
  std::string email_key;
  std::string username;
  std::optional<std::string> username_key;
  std::string password_hash;
  Role role = Role::user;
  bool confirmed = false;
  Timestamp now{};
  /// `confirmed` only because nobody has to confirm; not where somebody vouches for the address.
  bool is_unproved = false;
};

#define LATCHKEY_USER_COLUMNS                                                                              \
  "u.id, u.subject, u.email, u.username, u.avatar, u.role, u.confirmed, u.is_active, "                     \
  "EXISTS (SELECT 1 FROM sessions s WHERE s.user_id = u.id AND s.idle_expires_at > $1 AND s.expires_at > " \
  "$1), "                                                                                                  \
  "u.created_at, u.updated_at, (u.confirmed AND NOT u.email_unproved) "

/// `now` decides whether a session counts as live.
inline constexpr db::Statement<std::optional<User>, Timestamp, UserId> find_user{
    "SELECT " LATCHKEY_USER_COLUMNS "FROM users u WHERE u.id = $2"};
inline constexpr db::Statement<std::optional<User>, Timestamp, std::string> find_user_by_email{
    "SELECT " LATCHKEY_USER_COLUMNS "FROM users u WHERE u.email_key = $2"};
/// A page of accounts after an id, in order of their ids.
inline constexpr db::Statement<std::vector<User>, Timestamp, UserId, std::int64_t> list_users{
    "SELECT " LATCHKEY_USER_COLUMNS "FROM users u WHERE u.id > $2 ORDER BY u.id LIMIT $3"};

/// Their ids alone, for where a row of the page can not be read.
inline constexpr db::Statement<std::vector<UserId>, UserId, std::int64_t> list_ids{
    "SELECT id FROM users WHERE id > $1 ORDER BY id LIMIT $2"};

#undef LATCHKEY_USER_COLUMNS

inline constexpr db::Statement<std::optional<Credentials>, std::string> find_credentials{
    "SELECT id, subject, password_hash, role, confirmed, is_active, failed_sign_ins, locked_until, "
    "security_version, password_closed_at FROM users WHERE email_key = $1"};
inline constexpr db::Statement<std::optional<Credentials>, Subject> find_credentials_by_subject{
    "SELECT id, subject, password_hash, role, confirmed, is_active, failed_sign_ins, locked_until, "
    "security_version, password_closed_at FROM users WHERE subject = $1"};
inline constexpr db::Statement<std::optional<Credentials>, UserId> find_credentials_by_id{
    "SELECT id, subject, password_hash, role, confirmed, is_active, failed_sign_ins, locked_until, "
    "security_version, password_closed_at FROM users WHERE id = $1"};
inline constexpr db::Statement<std::optional<Failures>, UserId> find_failures{
    "SELECT failed_sign_ins, locked_until, password_closed_at FROM users WHERE id = $1"};

/// What an account has settled, and when it was used last; the epoch: not since that is written down.
struct Settled {
  std::string language;
  Timestamp last_sign_in_at;
};
BOOST_DESCRIBE_STRUCT(Settled, (), (language, last_sign_in_at))
inline constexpr db::Statement<std::optional<Settled>, UserId> find_settled{
    "SELECT language, last_sign_in_at FROM users WHERE id = $1"};

inline constexpr db::Statement<std::optional<Contact>, std::string> find_contact{
    "SELECT id, subject, email, email_key, username, confirmed, is_active, created_at, security_version, "
    "failed_codes, language, (confirmed AND NOT email_unproved), failed_known_codes FROM users WHERE "
    "email_key = $1"};
inline constexpr db::Statement<std::optional<Contact>, Subject> find_contact_by_subject{
    "SELECT id, subject, email, email_key, username, confirmed, is_active, created_at, security_version, "
    "failed_codes, language, (confirmed AND NOT email_unproved), failed_known_codes FROM users WHERE subject "
    "= $1"};
inline constexpr db::Statement<std::optional<Contact>, UserId> find_contact_by_id{
    "SELECT id, subject, email, email_key, username, confirmed, is_active, created_at, security_version, "
    "failed_codes, language, (confirmed AND NOT email_unproved), failed_known_codes FROM users WHERE id = "
    "$1"};

/// Inserts the account; no row when its address or its user name is taken.
using InsertUser = db::Statement<std::optional<UserId>, std::string, Subject, std::string, std::string,
                                 std::optional<std::string>, std::string, Role, bool, Timestamp, bool>;
/// As the first of a unit. Borrows from `user`.
InsertUser::Bound insert_user(const NewUser& user);
/// In a transaction. No row also when an id that is brought along is taken.
std::optional<UserId> insert_user(db::Tx& tx, const NewUser& user);

/// On PostgreSQL, after an id was brought along: ids that are given from now on are higher. (SQLite does that
/// by itself.)
inline constexpr db::Statement<std::optional<std::int64_t>, std::int64_t> raise_last_id{
    "SELECT setval(CAST(pg_get_serial_sequence('users', 'id') AS regclass), "
    "greatest($1, nextval(CAST(pg_get_serial_sequence('users', 'id') AS regclass))))"};

/// Single use: the first call of an account whose address is not proved answers its id, every later one
/// nothing. Bound to the address.
inline constexpr db::Statement<std::optional<UserId>, Timestamp, Subject, std::string> consume_confirmation{
    "UPDATE users SET confirmed = TRUE, email_unproved = FALSE, updated_at = $1 WHERE subject = $2 "
    "AND email_key = $3 AND (NOT confirmed OR email_unproved) RETURNING id"};

/// The same by a code that was mailed: its password, which somebody else may have chosen, is removed, and the
/// version raised. Parameters: now, account, version.
inline constexpr db::Statement<std::optional<UserId>, Timestamp, UserId, std::int64_t>
    consume_confirmation_by_code{
        "UPDATE users SET confirmed = TRUE, email_unproved = FALSE, password_hash = '', "
        "security_version = security_version + 1, must_change_password = FALSE, failed_sign_ins = 0, "
        "locked_until = 0, password_closed_at = 0, updated_at = $1 WHERE id = $2 AND security_version = $3 "
        "AND (NOT confirmed OR email_unproved) AND is_active RETURNING id"};

/// Removes the account while its address is not proved and it is not blocked; sessions and mail go with it.
/// An administrator that needs no confirmation stays, since it may be the last.
inline constexpr db::Statement<std::optional<UserId>, Subject, std::string> delete_unconfirmed{
    "DELETE FROM users WHERE subject = $1 AND email_key = $2 AND is_active "
    "AND (NOT confirmed OR (email_unproved AND role <> 'admin')) RETURNING id"};

/// Claims the right to send one more mail: no row when the last one was asked for after the cutoff.
inline constexpr db::Statement<std::optional<UserId>, Timestamp, UserId, Timestamp> update_mailed_at{
    "UPDATE users SET mailed_at = $1 WHERE id = $2 AND mailed_at <= $3 "
    "AND (NOT confirmed OR email_unproved) AND is_active RETURNING id"};

/// Both void every link of the account, and every sign-in that is under way.
inline constexpr db::Statement<db::Affected, bool, Timestamp, UserId> update_is_active{
    "UPDATE users SET is_active = $1, security_version = security_version + 1, updated_at = $2 WHERE id = "
    "$3"};
inline constexpr db::Statement<db::Affected, Role, Timestamp, UserId> update_role{
    "UPDATE users SET role = $1, security_version = security_version + 1, updated_at = $2 WHERE id = $3"};

/// Sets the password of an account whose owner has proved the address by a link or a code: confirms the
/// address, forgets failed sign-ins and wrong codes, and raises the version. Of many at once one gets a row;
/// none does when the account was blocked, removed or changed since `$4` was its version. Parameters: hash,
/// now, id, version.
inline constexpr db::Statement<std::optional<UserId>, std::string, Timestamp, UserId, std::int64_t>
    update_password_by_mail{
        "UPDATE users SET password_hash = $1, security_version = security_version + 1, confirmed = TRUE, "
        "email_unproved = FALSE, failed_sign_ins = 0, locked_until = 0, password_closed_at = 0, "
        "failed_codes = 0, failed_known_codes = 0, must_change_password = FALSE, updated_at = $2 "
        "WHERE id = $3 AND security_version = $4 AND is_active RETURNING id"};
/// Sets the password of an account whose owner is signed in, or is signing in: forgets failed sign-ins, and
/// raises the version. Of many at once one gets a row, as above. Parameters: hash, now, id, version.
inline constexpr db::Statement<std::optional<UserId>, std::string, Timestamp, UserId, std::int64_t>
    update_password{
        "UPDATE users SET password_hash = $1, security_version = security_version + 1, failed_sign_ins = 0, "
        "locked_until = 0, password_closed_at = 0, must_change_password = FALSE, updated_at = $2 "
        "WHERE id = $3 AND security_version = $4 AND is_active RETURNING id"};
/// Before the mails with links or codes are counted that the account was sent, confirmation apart: of many at
/// once on one account each waits here for the other, and then counts the other's. No row: it is blocked.
inline constexpr db::Statement<std::optional<UserId>, Timestamp, UserId> update_link_mailed_at{
    "UPDATE users SET link_mailed_at = $1 WHERE id = $2 AND is_active RETURNING id"};

/// No row: the user name is taken where names have keys, or the account was blocked or removed. Two that take
/// one name at once: one of them throws `ConstraintViolation`. Parameters: name, key, now, id.
inline constexpr db::Statement<std::optional<UserId>, std::string, std::optional<std::string>, Timestamp,
                               UserId>
    update_username{
        "UPDATE users SET username = $1, username_key = $2, updated_at = $3 WHERE id = $4 AND is_active "
        "AND NOT EXISTS (SELECT 1 FROM users o WHERE o.username_key = $2 AND o.id <> $4) RETURNING id"};
inline constexpr db::Statement<std::optional<UserId>, std::string, Timestamp, UserId> update_language{
    "UPDATE users SET language = $1, updated_at = $2 WHERE id = $3 AND is_active RETURNING id"};

/// Gives the account an address that its owner has proved, which voids every link of the account. No row: the
/// address is taken, or the account was blocked, removed or changed since `$5` was its version; two that take
/// one address at once throw as above. Parameters: address, key, now, id, version.
inline constexpr db::Statement<std::optional<UserId>, std::string, std::string, Timestamp, UserId,
                               std::int64_t>
    update_email{
        "UPDATE users SET email = $1, email_key = $2, confirmed = TRUE, email_unproved = FALSE, "
        "security_version = security_version + 1, updated_at = $3 "
        "WHERE id = $4 AND security_version = $5 AND is_active "
        "AND NOT EXISTS (SELECT 1 FROM users o WHERE o.email_key = $2 AND o.id <> $4) RETURNING id"};
/// Gives an account that is held its former address back.
inline constexpr db::Statement<db::Affected, std::string, std::string, UserId> update_email_back{
    "UPDATE users SET email = $1, email_key = $2, confirmed = TRUE, email_unproved = FALSE WHERE id = $3"};
/// An account that was made with an address that another one (`$2`) may take back, and never proved it.
inline constexpr db::Statement<std::optional<UserId>, std::string, UserId> delete_unconfirmed_holder{
    "DELETE FROM users WHERE email_key = $1 AND id <> $2 AND (NOT confirmed OR email_unproved) RETURNING id"};
/// Somebody has proved to read the address, in a way that changes nothing else.
inline constexpr db::Statement<db::Affected, UserId> update_proved{
    "UPDATE users SET confirmed = TRUE, email_unproved = FALSE WHERE id = $1"};

/// Holds an account for the rest of the transaction, whatever its version. No row: it was blocked or removed.
inline constexpr db::Statement<std::optional<UserId>, UserId> hold_active{
    "UPDATE users SET security_version = security_version WHERE id = $1 AND is_active RETURNING id"};

inline constexpr db::Statement<db::Affected, UserId> delete_user{"DELETE FROM users WHERE id = $1"};

/// Removes accounts that were never confirmed and were made up to a moment, the oldest first, a batch at a
/// time. A blocked one stays, or else its address could sign up again, unblocked.
inline constexpr db::Statement<db::Affected, Timestamp, std::int64_t> delete_expired_unconfirmed{
    "DELETE FROM users WHERE id IN (SELECT id FROM users WHERE NOT confirmed AND created_at <= $1 "
    "AND is_active ORDER BY created_at LIMIT $2)"};
/// The same of those that hold an address or, where they are unique, a user name.
inline constexpr db::Statement<db::Affected, Timestamp, std::string, std::optional<std::string>>
    delete_expired_unconfirmed_holders{
        "DELETE FROM users WHERE NOT confirmed AND is_active AND created_at <= $1 AND (email_key = $2 OR "
        "username_key = $3)"};

/// Confirmed, unblocked administrators other than one account, and who stay.
inline constexpr db::Statement<std::optional<std::int64_t>, UserId> count_other_administrators{
    "SELECT count(*) FROM users WHERE role = 'admin' AND confirmed AND is_active AND id <> $1 "
    "AND NOT EXISTS (SELECT 1 FROM scheduled s WHERE s.user_id = users.id AND s.kind = 'deletion')"};
inline constexpr db::Statement<std::optional<UserId>> find_any_administrator{
    "SELECT id FROM users WHERE role = 'admin' AND confirmed AND is_active ORDER BY id LIMIT 1"};

/// Where user names become unique by a setting: accounts that have no key yet, and giving them one.
struct UsernameWithoutKey {
  UserId id;
  std::string username;
};
BOOST_DESCRIBE_STRUCT(UsernameWithoutKey, (), (id, username))
inline constexpr db::Statement<std::vector<UsernameWithoutKey>, UserId, std::int64_t>
    list_without_username_key{
        "SELECT id, username FROM users WHERE username_key IS NULL AND id > $1 ORDER BY id LIMIT $2"};
inline constexpr db::Statement<std::optional<UserId>, std::string> find_by_username_key{
    "SELECT id FROM users WHERE username_key = $1"};
inline constexpr db::Statement<db::Affected, std::string, UserId> update_username_key{
    "UPDATE users SET username_key = $1 WHERE id = $2"};

}  // namespace latchkey::store::users
