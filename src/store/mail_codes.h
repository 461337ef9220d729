#pragma once

#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "db/statement.h"

/// The tries of codes that were mailed, and, for the limits, a row for each mail that anybody can ask for
/// (limits/sent_mails.h). A code itself is never stored: it follows from the row's id, which is
/// the id of the mail, and from the purpose. `detail` says what the code is to bring about, where the purpose
/// needs more than the account; else it is empty.
namespace latchkey::store::mail_codes {

/// With the security version that the account has now. Parameters: id, purpose, detail, when it expires, the
/// device that the mail was asked for from, whether the account knew it, account.
using InsertCode =
    db::Statement<db::Affected, LinkId, std::string, std::string, Timestamp, DeviceId, bool, UserId>;
inline constexpr InsertCode insert_code{
    "INSERT INTO mail_codes (id, user_id, purpose, version, detail, tries, expires_at, asked_from, is_known) "
    "SELECT $1, u.id, $2, u.security_version, $3, 0, $4, $5, $6 FROM users u WHERE u.id = $7"};

/// What is tried, as it is once this try is counted.
struct Tried {
  UserId user_id;
  std::int64_t version = 0;  ///< the account's, when the mail was asked for
  std::string detail;
  std::int64_t tries = 0;
};
BOOST_DESCRIBE_STRUCT(Tried, (), (user_id, version, detail, tries))

/// What the mail of a link was sent for. Parameters: id, purpose.
struct Expected {
  UserId user_id;
  std::int64_t version = 0;
  std::string detail;
};
BOOST_DESCRIBE_STRUCT(Expected, (), (user_id, version, detail))
inline constexpr db::Statement<std::optional<Expected>, LinkId, std::string> find_expected{
    "SELECT user_id, version, detail FROM mail_codes WHERE id = $1 AND purpose = $2"};

/// Counts one try, before anybody compares the code. No row: there is no such code, it has expired, or it had
/// `$3` tries. Parameters: id, purpose, most tries, now.
using CountTry = db::Statement<std::optional<Tried>, LinkId, std::string, std::int64_t, Timestamp>;
inline constexpr CountTry count_try{
    "UPDATE mail_codes SET tries = tries + 1 "
    "WHERE id = $1 AND purpose = $2 AND tries < $3 AND expires_at > $4 "
    "RETURNING user_id, version, detail, tries"};
/// The same for whoever did not ask for the mail.
inline constexpr CountTry count_other_try{
    "UPDATE mail_codes SET other_tries = other_tries + 1 "
    "WHERE id = $1 AND purpose = $2 AND other_tries < $3 AND expires_at > $4 "
    "RETURNING user_id, version, detail, other_tries"};

/// A right code costs no try: its owner must not lose it by choosing a password that is too weak.
inline constexpr db::Statement<db::Affected, LinkId> give_try_back{
    "UPDATE mail_codes SET tries = tries - 1 WHERE id = $1 AND tries > 0"};
inline constexpr db::Statement<db::Affected, LinkId> give_other_try_back{
    "UPDATE mail_codes SET other_tries = other_tries - 1 WHERE id = $1 AND other_tries > 0"};

/// How many mails of one purpose an account was sent, and which of them a code is good of.
struct Sent {
  std::int64_t since_interval = 0;  ///< these three of known devices, or of unknown ones
  std::int64_t since_hour = 0;
  std::int64_t since_day = 0;
  std::optional<LinkId> last_of_device;  ///< that one device has asked for; the code that is good for longest
  std::optional<LinkId> last;            ///< whoever has asked for it
};
BOOST_DESCRIBE_STRUCT(Sent, (), (since_interval, since_hour, since_day, last_of_device, last))
/// Always one row, from an index alone, so that an account with mails costs what an account without costs.
/// The first three moments are those after which the codes of the mails expire that count. Parameters: the
/// moments for interval and hour, account, purpose, now, whether the device is known, the device, the moment
/// for the day.
using CountSent = db::Statement<std::optional<Sent>, Timestamp, Timestamp, UserId, std::string, Timestamp,
                                bool, DeviceId, Timestamp>;
inline constexpr CountSent count_sent{
    "SELECT COALESCE(SUM(CASE WHEN expires_at > $1 THEN 1 ELSE 0 END), 0), "
    "COALESCE(SUM(CASE WHEN expires_at > $2 THEN 1 ELSE 0 END), 0), count(*), "
    "(SELECT d.id FROM mail_codes d WHERE d.user_id = $3 AND d.purpose = $4 AND d.expires_at > $5 "
    "AND d.is_known = $6 AND d.asked_from = $7 ORDER BY d.expires_at DESC LIMIT 1), "
    "(SELECT l.id FROM mail_codes l WHERE l.user_id = $3 AND l.purpose = $4 AND l.expires_at > $5 "
    "ORDER BY l.expires_at DESC LIMIT 1) "
    "FROM mail_codes WHERE user_id = $3 AND purpose = $4 AND is_known = $6 AND expires_at > $8"};

inline constexpr db::Statement<db::Affected, LinkId> delete_code{"DELETE FROM mail_codes WHERE id = $1"};
inline constexpr db::Statement<db::Affected, UserId> delete_codes_of_user{
    "DELETE FROM mail_codes WHERE user_id = $1"};
inline constexpr db::Statement<db::Affected> delete_all{"DELETE FROM mail_codes"};

/// Housekeeping walks the table by its key, a page at a time: no index holds the times, since the rows are
/// few.
struct Walked {
  LinkId id;
  bool has_expired = false;
};
BOOST_DESCRIBE_STRUCT(Walked, (), (id, has_expired))
inline constexpr db::Statement<std::vector<Walked>, Timestamp, LinkId, std::int64_t> list_walked{
    "SELECT id, (expires_at <= $1) FROM mail_codes WHERE id > $2 ORDER BY id LIMIT $3"};
inline constexpr db::Statement<db::Affected, LinkId, LinkId, Timestamp> delete_expired_between{
    "DELETE FROM mail_codes WHERE id > $1 AND id <= $2 AND expires_at <= $3"};

}  // namespace latchkey::store::mail_codes
