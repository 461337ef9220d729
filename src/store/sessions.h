#pragma once

#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/inline_text.h"
#include "base/role.h"
#include "base/time.h"
#include "db/statement.h"
#include "db/tx.h"
#include "store/users.h"

/// Live sessions. A row is a session that may still be used inside its two limits; ending a session deletes
/// its row, so nothing ever revives one. Every statement throws `Unavailable` when the store can not answer.
namespace latchkey::store::sessions {

/// The refresh state of a session: which generation of its token is the current one, and since when.
struct RefreshState {
  UserId user_id;
  Subject subject;
  Role role = Role::user;
  bool is_active = false;
  std::int64_t generation = 0;
  Timestamp rotated_at;
  Timestamp idle_expires_at;
  Timestamp expires_at;
};
BOOST_DESCRIBE_STRUCT(RefreshState, (),
                      (user_id, subject, role, is_active, generation, rotated_at, idle_expires_at,
                       expires_at))

inline constexpr db::Statement<std::optional<RefreshState>, SessionId> find_refresh_state{
    "SELECT u.id, u.subject, u.role, u.is_active, s.generation, s.rotated_at, s.idle_expires_at, "
    "s.expires_at "
    "FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1"};

/// The account behind a session, when the session is alive at `now`.
struct Bearer {
  UserId id;
  Subject subject;
  InlineText<64> email;
  InlineText<32> username;
  std::optional<std::string> avatar;
  Role role = Role::user;
  bool is_proved = false;  ///< as `users::User` has it
  bool is_active = false;
  Timestamp created_at;
  Timestamp updated_at;
};
BOOST_DESCRIBE_STRUCT(Bearer, (),
                      (id, subject, email, username, avatar, role, is_proved, is_active, created_at,
                       updated_at))

inline constexpr db::Statement<std::optional<Bearer>, SessionId, Timestamp> find_bearer{
    "SELECT u.id, u.subject, u.email, u.username, u.avatar, u.role, "
    "(u.confirmed AND NOT u.email_unproved), u.is_active, u.created_at, u.updated_at "
    "FROM sessions s JOIN users u ON u.id = s.user_id "
    "WHERE s.id = $1 AND s.idle_expires_at > $2 AND s.expires_at > $2 AND u.is_active"};

struct NewSession {
  SessionId id;
  UserId user_id;
  Timestamp now;
  Timestamp idle_expires_at;
  Timestamp expires_at;
  std::string address;
  std::string user_agent;
  /// What the owner has proved (bits of flow/signin/next_step.h); that was at `now`.
  std::int64_t methods = 0;
  /// A browser holds it by its cookie, and nobody by a refresh token.
  bool is_browser = false;
};
void insert_session(db::Tx& tx, const NewSession& session);

/// A refresh state after it moved on: what its next tokens are made from, but for the moment, which the
/// caller gave.
struct Advanced {
  Subject subject;
  Role role = Role::user;
  std::int64_t generation = 0;
  Timestamp idle_expires_at;
  Timestamp expires_at;
};
BOOST_DESCRIBE_STRUCT(Advanced, (), (subject, role, generation, idle_expires_at, expires_at))

/// Moves a live refresh state of an unblocked user one generation on, if it stands where the caller says: at
/// that generation, since a moment in [from, before). In this order: now, the new idle limit (never later
/// than the session's end), id, generation, from, before. No row: it stands elsewhere, or ended;
/// `find_refresh_state` tells which.
inline constexpr db::Statement<std::optional<Advanced>, Timestamp, Timestamp, SessionId, std::int64_t,
                               Timestamp, Timestamp>
    advance{
        "UPDATE sessions SET generation = generation + 1, rotated_at = $1, "
        "idle_expires_at = CASE WHEN expires_at < $2 THEN expires_at ELSE $2 END "
        "WHERE id = $3 AND generation = $4 AND rotated_at >= $5 AND rotated_at < $6 "
        "AND idle_expires_at > $1 AND expires_at > $1 "
        "AND EXISTS (SELECT 1 FROM users u WHERE u.id = sessions.user_id AND u.is_active) "
        "RETURNING (SELECT u.subject FROM users u WHERE u.id = sessions.user_id), "
        "(SELECT u.role FROM users u WHERE u.id = sessions.user_id), generation, idle_expires_at, "
        "expires_at"};

/// The account behind a session that a browser holds by its cookie, when the session is alive at `now`; and
/// when it was used last. A session that has refresh tokens is none of these.
struct Browser {
  UserId id;
  Subject subject;
  InlineText<64> email;
  InlineText<32> username;
  std::optional<std::string> avatar;
  Role role = Role::user;
  bool is_proved = false;  ///< as `users::User` has it
  bool is_active = false;
  Timestamp created_at;
  Timestamp updated_at;
  std::string language;  ///< a tag that the owner has chosen; empty: that of each request
  Timestamp used_at;
};
BOOST_DESCRIBE_STRUCT(Browser, (),
                      (id, subject, email, username, avatar, role, is_proved, is_active, created_at,
                       updated_at, language, used_at))
inline constexpr db::Statement<std::optional<Browser>, SessionId, Timestamp> find_browser{
    "SELECT u.id, u.subject, u.email, u.username, u.avatar, u.role, (u.confirmed AND NOT u.email_unproved), "
    "u.is_active, u.created_at, "
    "u.updated_at, u.language, s.rotated_at "
    "FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1 AND s.is_browser "
    "AND s.idle_expires_at > $2 AND s.expires_at > $2 AND u.is_active"};
/// A browser has used its session: the idle limit moves, never beyond the session's end. No row where it was
/// used after `$4`, so that many requests at once cost one write. Parameters: now, the new idle limit,
/// session, `$4`.
inline constexpr db::Statement<db::Affected, Timestamp, Timestamp, SessionId, Timestamp> update_used{
    "UPDATE sessions SET rotated_at = $1, "
    "idle_expires_at = CASE WHEN expires_at < $2 THEN expires_at ELSE $2 END "
    "WHERE id = $3 AND is_browser AND rotated_at <= $4"};

/// When the owner of a session proved last to be there, by what, and whether the account has a factor by now.
struct Proved {
  Timestamp authenticated_at;
  std::int64_t methods = 0;
  bool has_factor = false;
};
BOOST_DESCRIBE_STRUCT(Proved, (), (authenticated_at, methods, has_factor))
inline constexpr db::Statement<std::optional<Proved>, SessionId> find_proved{
    "SELECT authenticated_at, methods, EXISTS (SELECT 1 FROM totp t WHERE t.user_id = sessions.user_id) OR "
    "EXISTS (SELECT 1 FROM passkeys p WHERE p.user_id = sessions.user_id) FROM sessions WHERE id = $1"};
/// The same of a session that is alive, which stays so until the transaction ends: an update, so that what
/// would end the session waits, or has ended it and this finds no row. The account's row is locked by then.
/// Parameters: session, account, now.
struct Held {
  Timestamp authenticated_at;
  std::int64_t methods = 0;
  bool has_factor = false;
  Role role = Role::user;
};
BOOST_DESCRIBE_STRUCT(Held, (), (authenticated_at, methods, has_factor, role))
inline constexpr db::Statement<std::optional<Held>, SessionId, UserId, Timestamp> hold_session{
    "UPDATE sessions SET authenticated_at = authenticated_at "
    "WHERE id = $1 AND user_id = $2 AND idle_expires_at > $3 AND expires_at > $3 "
    "RETURNING authenticated_at, methods, EXISTS (SELECT 1 FROM totp t WHERE t.user_id = sessions.user_id) "
    "OR EXISTS (SELECT 1 FROM passkeys p WHERE p.user_id = sessions.user_id), "
    "(SELECT u.role FROM users u WHERE u.id = sessions.user_id)"};
/// The owner has proved to be there once more. Parameters: now, by what, session.
inline constexpr db::Statement<db::Affected, Timestamp, std::int64_t, SessionId> update_proved{
    "UPDATE sessions SET authenticated_at = $1, methods = $2 WHERE id = $3"};

/// Ends one session for good and answers whose it was; no row when it had ended before.
inline constexpr db::Statement<std::optional<UserId>, SessionId> delete_session{
    "DELETE FROM sessions WHERE id = $1 RETURNING user_id"};
/// The same for a session of one user only.
inline constexpr db::Statement<std::optional<UserId>, SessionId, UserId> delete_session_of_user{
    "DELETE FROM sessions WHERE id = $1 AND user_id = $2 RETURNING user_id"};
inline constexpr db::Statement<db::Affected, UserId> delete_sessions_of_user{
    "DELETE FROM sessions WHERE user_id = $1"};
/// Up to `$3` sessions of a user other than `$2`, in no order.
inline constexpr db::Statement<db::Affected, UserId, SessionId, std::int64_t> delete_others_of_user{
    "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE user_id = $1 AND id <> $2 LIMIT $3)"};
/// Up to `$3` sessions of a user that come after the `$4` that were refreshed last; those that have expired
/// at
/// `$2` come after all others. The statement counts by itself: on PostgreSQL others may have ended some since
/// the caller looked.
inline constexpr db::Statement<db::Affected, UserId, Timestamp, std::int64_t, std::int64_t> delete_surplus{
    "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE user_id = $1 "
    "ORDER BY CASE WHEN idle_expires_at <= $2 OR expires_at <= $2 THEN 0 ELSE rotated_at END DESC, id DESC "
    "LIMIT $3 OFFSET $4)"};
inline constexpr db::Statement<db::Affected> delete_all{"DELETE FROM sessions"};

/// What a user sees of a session of theirs.
struct Listed {
  SessionId id;
  Timestamp created_at;
  Timestamp rotated_at;
  std::string address;
  std::string user_agent;
};
BOOST_DESCRIBE_STRUCT(Listed, (), (id, created_at, rotated_at, address, user_agent))

/// The live sessions of a user but for one, the newest first, from behind a position on: user, the one that
/// is left out, now, the position's created_at and id, how many at most. `before_all` is the position of the
/// first page.
inline constexpr db::Statement<std::vector<Listed>, UserId, SessionId, Timestamp, Timestamp, SessionId,
                               std::int64_t>
    list_live_after{
        "SELECT id, created_at, rotated_at, address, user_agent FROM sessions "
        "WHERE user_id = $1 AND id <> $2 AND idle_expires_at > $3 AND expires_at > $3 "
        "AND (created_at < $4 OR (created_at = $4 AND id > $5)) ORDER BY created_at DESC, id LIMIT $6"};
/// One of them.
inline constexpr db::Statement<std::optional<Listed>, SessionId, UserId> find_listed{
    "SELECT id, created_at, rotated_at, address, user_agent FROM sessions WHERE id = $1 AND user_id = $2"};
struct ListPosition {
  Timestamp created_at;
  SessionId id;
};
inline constexpr ListPosition before_all{.created_at = Timestamp::max(), .id = {}};

/// Housekeeping walks the table by its key, a page at a time: the ids behind `$2`, each with whether the
/// session has expired at `$1`…
struct Walked {
  SessionId id;
  bool has_expired = false;
};
BOOST_DESCRIBE_STRUCT(Walked, (), (id, has_expired))
inline constexpr db::Statement<std::vector<Walked>, Timestamp, SessionId, std::int64_t> list_walked{
    "SELECT id, (idle_expires_at <= $1 OR expires_at <= $1) FROM sessions WHERE id > $2 ORDER BY id LIMIT "
    "$3"};
/// …and the removal of those that have, from behind one id up to another.
inline constexpr db::Statement<db::Affected, SessionId, SessionId, Timestamp> delete_expired_between{
    "DELETE FROM sessions WHERE id > $1 AND id <= $2 AND (idle_expires_at <= $3 OR expires_at <= $3)"};

}  // namespace latchkey::store::sessions
