#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "db/statement.h"

/// What happens to an account at its time unless somebody stops it. An account has one of a kind at most. A
/// transaction that writes or removes a `deletion` ends with `factors::update_mark`.
namespace latchkey::store::scheduled {

inline constexpr std::string_view deletion = "deletion";              ///< of the account
inline constexpr std::string_view email_undo = "email_undo";          ///< the end of the time for an undo
inline constexpr std::string_view factor_removal = "factor_removal";  ///< all factors were lost

struct Scheduled {
  LinkId id;
  UserId user_id;
  std::string kind;
  std::string detail;  ///< what the kind needs; no secret
  Timestamp made_at;
  Timestamp due_at;
};
BOOST_DESCRIBE_STRUCT(Scheduled, (), (id, user_id, kind, detail, made_at, due_at))

/// No row: the account has one of this kind. Parameters: id, account, kind, detail, now, when it is due.
inline constexpr db::Statement<std::optional<LinkId>, LinkId, UserId, std::string, std::string, Timestamp,
                               Timestamp>
    insert_scheduled{
        "INSERT INTO scheduled (id, user_id, kind, detail, made_at, due_at) VALUES ($1, $2, $3, $4, $5, $6) "
        "ON CONFLICT DO NOTHING RETURNING id"};
inline constexpr db::Statement<std::optional<Scheduled>, UserId, std::string> find_of_user{
    "SELECT id, user_id, kind, detail, made_at, due_at FROM scheduled WHERE user_id = $1 AND kind = $2"};
/// Whose the one with that id is, if it is not due yet.
inline constexpr db::Statement<std::optional<Subject>, LinkId, Timestamp> find_owner_of_open{
    "SELECT u.subject FROM scheduled s JOIN users u ON u.id = s.user_id WHERE s.id = $1 AND s.due_at > $2"};
/// One of each kind at most.
inline constexpr db::Statement<std::vector<Scheduled>, UserId> list_of_user{
    "SELECT id, user_id, kind, detail, made_at, due_at FROM scheduled WHERE user_id = $1 ORDER BY due_at, "
    "id"};
/// What is due at a moment, the longest due first.
inline constexpr db::Statement<std::vector<Scheduled>, Timestamp, std::int64_t> list_due{
    "SELECT id, user_id, kind, detail, made_at, due_at FROM scheduled WHERE due_at <= $1 ORDER BY due_at "
    "LIMIT $2"};
/// The same of one kind, of accounts that are not blocked.
inline constexpr db::Statement<std::vector<Scheduled>, Timestamp, std::string, std::int64_t> list_due_of{
    "SELECT s.id, s.user_id, s.kind, s.detail, s.made_at, s.due_at FROM scheduled s JOIN users u ON u.id = "
    "s.user_id WHERE s.due_at <= $1 AND s.kind = $2 AND u.is_active ORDER BY s.due_at LIMIT $3"};
/// Single use: of many at once, on any node, one gets a row.
inline constexpr db::Statement<std::optional<UserId>, LinkId, Timestamp> consume_due{
    "DELETE FROM scheduled WHERE id = $1 AND due_at <= $2 RETURNING user_id"};
/// Single use of what is not due yet: an undo. Parameters: id, account, detail, now.
inline constexpr db::Statement<std::optional<Timestamp>, LinkId, UserId, std::string, Timestamp> consume_open{
    "DELETE FROM scheduled WHERE id = $1 AND user_id = $2 AND detail = $3 AND due_at > $4 RETURNING made_at"};
/// Those of one kind whose time has come and that leave nothing to do, the longest due first, a batch at a
/// time.
inline constexpr db::Statement<db::Affected, Timestamp, std::string, std::int64_t> delete_due{
    "DELETE FROM scheduled WHERE id IN (SELECT id FROM scheduled WHERE due_at <= $1 AND kind = $2 "
    "ORDER BY due_at LIMIT $3)"};
/// The same of one id or one account.
inline constexpr db::Statement<db::Affected, Timestamp, std::string, LinkId, UserId> delete_due_of{
    "DELETE FROM scheduled WHERE due_at <= $1 AND kind = $2 AND (id = $3 OR user_id = $4)"};
/// What was begun for an account since a moment, but for one kind.
inline constexpr db::Statement<db::Affected, UserId, Timestamp, std::string> delete_begun_since{
    "DELETE FROM scheduled WHERE user_id = $1 AND made_at >= $2 AND kind <> $3"};
/// Stops it. No row: there was none, or somebody else was first.
inline constexpr db::Statement<std::optional<Scheduled>, UserId, std::string> delete_of_user{
    "DELETE FROM scheduled WHERE user_id = $1 AND kind = $2 "
    "RETURNING id, user_id, kind, detail, made_at, due_at"};

/// Stops the one with that id.
inline constexpr db::Statement<std::optional<UserId>, LinkId> delete_by_id{
    "DELETE FROM scheduled WHERE id = $1 RETURNING user_id"};

}  // namespace latchkey::store::scheduled
