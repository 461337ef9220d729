#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "db/statement.h"

/// Rows of `scheduled` that remove lost factors (store/scheduled.h has what every kind of row needs). Their
/// `detail` has what is removed and by whom it was asked for, then ` reminded` once the owner was reminded
/// half-way. It is empty, and then `reminded`, where the owner says that all factors are lost.
namespace latchkey::store::factor_removals {

struct Removal {
  LinkId id;
  UserId user_id;
  std::string detail;
  Timestamp made_at;
  Timestamp due_at;
};
BOOST_DESCRIBE_STRUCT(Removal, (), (id, user_id, detail, made_at, due_at))

/// What is due, and what is half-way and was not reminded of, of accounts that are not blocked. Parameters:
/// now, twice now in microseconds since 1970, how many at most.
inline constexpr db::Statement<std::vector<Removal>, Timestamp, std::int64_t, std::int64_t> list_waiting{
    "SELECT s.id, s.user_id, s.detail, s.made_at, s.due_at FROM scheduled s JOIN users u ON u.id = s.user_id "
    "WHERE s.kind = 'factor_removal' AND u.is_active "
    "AND (s.due_at <= $1 OR (s.detail NOT LIKE '%reminded' AND s.made_at + s.due_at <= $2)) "
    "ORDER BY s.due_at LIMIT $3"};
/// Single use: of many at once, on any node, one gets a row.
inline constexpr db::Statement<std::optional<UserId>, LinkId> consume_reminder{
    "UPDATE scheduled SET detail = CASE WHEN detail = '' THEN 'reminded' ELSE detail || ' reminded' END "
    "WHERE id = $1 AND detail NOT LIKE '%reminded' RETURNING user_id"};
/// Stops it, by the link of a mail. Single use.
inline constexpr db::Statement<std::optional<UserId>, LinkId> delete_removal{
    "DELETE FROM scheduled WHERE id = $1 AND kind = 'factor_removal' RETURNING user_id"};
/// Of an account that has no factor any more: there is nothing to remove.
inline constexpr db::Statement<db::Affected, UserId> delete_without_factor{
    "DELETE FROM scheduled WHERE user_id = $1 AND kind = 'factor_removal' "
    "AND NOT EXISTS (SELECT 1 FROM totp t WHERE t.user_id = scheduled.user_id) "
    "AND NOT EXISTS (SELECT 1 FROM passkeys p WHERE p.user_id = scheduled.user_id)"};

}  // namespace latchkey::store::factor_removals
