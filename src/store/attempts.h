#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "base/id.h"
#include "base/time.h"
#include "db/statement.h"

/// Consecutive failures of sign-in and of mailed codes, kept in the store so that they survive a restart
/// (NIST SP 800-63B-4 §3.2.2): those of unknown devices with the account, those of a known device with the
/// device. Each is counted by itself, so what strangers fail says nothing about the owner.
namespace latchkey::store::attempts {

/// Counts one attempt before its password is looked at, so that parallel guesses can not pass the limit. No
/// row: sign-in is locked or closed now, or what counts is gone, and nothing has changed. From the limit on,
/// the attempt locks until `$2`. Parameters: limit, locked_until when reached, account or device, now.
inline constexpr db::Statement<std::optional<std::int64_t>, std::int64_t, Timestamp, UserId, Timestamp>
    reserve{
        "UPDATE users SET failed_sign_ins = failed_sign_ins + 1, "
        "locked_until = CASE WHEN failed_sign_ins + 1 >= $1 THEN $2 ELSE locked_until END "
        "WHERE id = $3 AND locked_until <= $4 AND password_closed_at = 0 RETURNING failed_sign_ins"};
inline constexpr db::Statement<std::optional<std::int64_t>, std::int64_t, Timestamp, DeviceId, Timestamp>
    reserve_of_device{
        "UPDATE devices SET failed_sign_ins = failed_sign_ins + 1, "
        "locked_until = CASE WHEN failed_sign_ins + 1 >= $1 THEN $2 ELSE locked_until END "
        "WHERE id = $3 AND locked_until <= $4 AND closed_at = 0 RETURNING failed_sign_ins"};

/// What an account has that may open a session.
struct Unchanged {
  UserId id;
  std::int64_t sessions =
      0;  ///< those that have expired and were not removed yet included; a thousand at most
};
BOOST_DESCRIBE_STRUCT(Unchanged, (), (id, sessions))

/// The attempt that was counted as number `$3`, or a later one, has failed: no other will be looked at. Of
/// many at once one gets a row; none does where the failures were forgotten meanwhile. Parameters: now,
/// account or device, number.
inline constexpr db::Statement<std::optional<UserId>, Timestamp, UserId, std::int64_t> close{
    "UPDATE users SET password_closed_at = $1 WHERE id = $2 AND password_closed_at = 0 AND "
    "failed_sign_ins >= $3 RETURNING id"};
inline constexpr db::Statement<std::optional<UserId>, Timestamp, DeviceId, std::int64_t> close_to_device{
    "UPDATE devices SET closed_at = $1 WHERE id = $2 AND closed_at = 0 AND failed_sign_ins >= $3 "
    "RETURNING user_id"};

#define LATCHKEY_COUNT_SESSIONS \
  "(SELECT count(*) FROM (SELECT 1 FROM sessions s WHERE s.user_id = users.id LIMIT 1000) few)"

/// A right password from an unknown device: forgets what such devices have failed, and answers whether the
/// account may still open a session. It may not when it was blocked, removed, given another password, or
/// otherwise raised its security version since the password was checked. Parameters: now, account, the hash
/// that was checked, the version that it was checked under.
inline constexpr db::Statement<std::optional<Unchanged>, Timestamp, UserId, std::string, std::int64_t> forget{
    "UPDATE users SET failed_sign_ins = 0, locked_until = 0, failed_codes = 0, failed_known_codes = 0, "
    "last_sign_in_at = $1 "
    "WHERE id = $2 AND password_hash = $3 AND security_version = $4 AND is_active RETURNING "
    "id, " LATCHKEY_COUNT_SESSIONS};
/// The same from a known device: an update all the same, since it keeps a block from coming in between, but
/// what strangers have failed stays counted. Otherwise they could guess for ever, a hundred times between two
/// sign-ins of the owner.
inline constexpr db::Statement<std::optional<Unchanged>, Timestamp, UserId, std::string, std::int64_t> keep{
    "UPDATE users SET failed_codes = 0, failed_known_codes = 0, last_sign_in_at = $1 "
    "WHERE id = $2 AND password_hash = $3 AND security_version = $4 AND is_active RETURNING "
    "id, " LATCHKEY_COUNT_SESSIONS};

/// For a step of a sign-in: nothing of the account changes before the transaction ends. No row: it was
/// blocked or removed, or its version was raised. Parameters: account, version.
inline constexpr db::Statement<std::optional<Unchanged>, UserId, std::int64_t> hold{
    "UPDATE users SET security_version = security_version "
    "WHERE id = $1 AND security_version = $2 AND is_active RETURNING id, " LATCHKEY_COUNT_SESSIONS};
#undef LATCHKEY_COUNT_SESSIONS
inline constexpr db::Statement<db::Affected, Timestamp, UserId> update_last_sign_in{
    "UPDATE users SET last_sign_in_at = $1 WHERE id = $2"};

/// A right password of an account that may not sign in: no failure, so nothing counts against it.
inline constexpr db::Statement<db::Affected, UserId> forgive{
    "UPDATE users SET failed_sign_ins = 0, locked_until = 0 WHERE id = $1"};
inline constexpr db::Statement<db::Affected, DeviceId> forgive_device{
    "UPDATE devices SET failed_sign_ins = 0, locked_until = 0 WHERE id = $1"};

/// Undoes one `reserve` whose password was never looked at.
inline constexpr db::Statement<db::Affected, Timestamp, UserId> give_back{
    "UPDATE users SET failed_sign_ins = failed_sign_ins - 1, "
    "locked_until = CASE WHEN locked_until > $1 THEN $1 ELSE locked_until END WHERE id = $2 AND "
    "failed_sign_ins > 0"};
inline constexpr db::Statement<db::Affected, Timestamp, DeviceId> give_back_to_device{
    "UPDATE devices SET failed_sign_ins = failed_sign_ins - 1, "
    "locked_until = CASE WHEN locked_until > $1 THEN $1 ELSE locked_until END WHERE id = $2 AND "
    "failed_sign_ins > 0"};

/// An operator, or a new password: everything counts anew, and nothing is closed any more.
inline constexpr db::Statement<db::Affected, UserId> open_again{
    "UPDATE users SET failed_sign_ins = 0, locked_until = 0, password_closed_at = 0 WHERE id = $1"};
inline constexpr db::Statement<db::Affected, UserId> open_to_devices_again{
    "UPDATE devices SET failed_sign_ins = 0, locked_until = 0, closed_at = 0 WHERE user_id = $1"};

/// How often in a row a code was wrong, as it is once this try is counted.
struct FailedCodes {
  std::int64_t failed_codes = 0;
  Subject subject;
};
BOOST_DESCRIBE_STRUCT(FailedCodes, (), (failed_codes, subject))

/// Counts one try of a mail's code on the mail's account, before anybody compares the code, so that parallel
/// guesses can not pass the limit. It locks the account's row first, as a new password does. No row: the
/// account had that many in a row, or there is no such code that can still be tried. Parameters: most in a
/// row; id and purpose of the code, most tries of it, now.
using ReserveCode =
    db::Statement<std::optional<FailedCodes>, std::int64_t, LinkId, std::string, std::int64_t, Timestamp>;
/// By an unknown device that has asked for the mail.
inline constexpr ReserveCode reserve_code{
    "UPDATE users SET failed_codes = failed_codes + 1 WHERE failed_codes < $1 AND id = (SELECT user_id FROM "
    "mail_codes WHERE id = $2 AND purpose = $3 AND tries < $4 AND expires_at > $5) "
    "RETURNING failed_codes, subject"};
/// By a known device that has asked for the mail: counted by itself.
inline constexpr ReserveCode reserve_code_of_known{
    "UPDATE users SET failed_known_codes = failed_known_codes + 1 WHERE failed_known_codes < $1 AND id = "
    "(SELECT user_id FROM mail_codes WHERE id = $2 AND purpose = $3 AND tries < $4 AND expires_at > $5) "
    "RETURNING failed_known_codes, subject"};
/// By whoever did not ask for the mail.
inline constexpr ReserveCode reserve_code_of_others{
    "UPDATE users SET failed_codes = failed_codes + 1 WHERE failed_codes < $1 AND id = (SELECT user_id FROM "
    "mail_codes WHERE id = $2 AND purpose = $3 AND other_tries < $4 AND expires_at > $5) "
    "RETURNING failed_codes, subject"};

/// A try that was counted and then not looked at.
inline constexpr db::Statement<db::Affected, Subject> give_code_back{
    "UPDATE users SET failed_codes = failed_codes - 1 WHERE subject = $1 AND failed_codes > 0"};
inline constexpr db::Statement<db::Affected, Subject> give_known_code_back{
    "UPDATE users SET failed_known_codes = failed_known_codes - 1 WHERE subject = $1 AND failed_known_codes "
    "> 0"};
/// A right code: the client that sent it reads the mailbox.
inline constexpr db::Statement<db::Affected, UserId> forget_codes{
    "UPDATE users SET failed_codes = 0, failed_known_codes = 0 WHERE id = $1"};

/// Replaces a hash made with old parameters, if it is still the one that was checked.
inline constexpr db::Statement<db::Affected, std::string, UserId, std::string> update_password_hash{
    "UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3"};

}  // namespace latchkey::store::attempts
