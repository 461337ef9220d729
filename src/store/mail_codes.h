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

/// With the security version that the account has now. Parameters: id, purpose, detail, when it expires,
/// account.
inline constexpr db::Statement<db::Affected, LinkId, std::string, std::string, Timestamp, UserId> insert_code{
    "INSERT INTO mail_codes (id, user_id, purpose, version, detail, tries, expires_at) "
    "SELECT $1, u.id, $2, u.security_version, $3, 0, $4 FROM users u WHERE u.id = $5"};

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
inline constexpr db::Statement<std::optional<Tried>, LinkId, std::string, std::int64_t, Timestamp> count_try{
    "UPDATE mail_codes SET tries = tries + 1 "
    "WHERE id = $1 AND purpose = $2 AND tries < $3 AND expires_at > $4 "
    "RETURNING user_id, version, detail, tries"};

/// A right code costs no try: its owner must not lose it by choosing a password that is too weak.
inline constexpr db::Statement<db::Affected, LinkId> give_try_back{
    "UPDATE mail_codes SET tries = tries - 1 WHERE id = $1 AND tries > 0"};

/// When the mails of one purpose expire, those that have expired already too, that an account was sent and
/// that expire after a moment.
inline constexpr db::Statement<std::vector<Timestamp>, UserId, std::string, Timestamp> list_sent{
    "SELECT expires_at FROM mail_codes WHERE user_id = $1 AND purpose = $2 AND expires_at > $3"};

/// The mail of one purpose whose code is good for longest. Parameters: account, purpose, now.
inline constexpr db::Statement<std::optional<LinkId>, UserId, std::string, Timestamp> find_last{
    "SELECT id FROM mail_codes WHERE user_id = $1 AND purpose = $2 AND expires_at > $3 "
    "ORDER BY expires_at DESC LIMIT 1"};

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
