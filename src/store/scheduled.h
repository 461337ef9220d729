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
/// What is due at a moment, the longest due first.
inline constexpr db::Statement<std::vector<Scheduled>, Timestamp, std::int64_t> list_due{
    "SELECT id, user_id, kind, detail, made_at, due_at FROM scheduled WHERE due_at <= $1 ORDER BY due_at "
    "LIMIT $2"};
/// Single use: of many at once, on any node, one gets a row.
inline constexpr db::Statement<std::optional<UserId>, LinkId, Timestamp> consume_due{
    "DELETE FROM scheduled WHERE id = $1 AND due_at <= $2 RETURNING user_id"};
/// Stops it. No row: there was none, or somebody else was first.
inline constexpr db::Statement<std::optional<Scheduled>, UserId, std::string> delete_of_user{
    "DELETE FROM scheduled WHERE user_id = $1 AND kind = $2 "
    "RETURNING id, user_id, kind, detail, made_at, due_at"};

}  // namespace latchkey::store::scheduled
