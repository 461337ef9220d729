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
/// `detail` is empty until the owner was reminded half-way.
namespace latchkey::store::factor_removals {

struct Removal {
  LinkId id;
  UserId user_id;
  Timestamp made_at;
  Timestamp due_at;
};
BOOST_DESCRIBE_STRUCT(Removal, (), (id, user_id, made_at, due_at))

/// What is due, and what is half-way and was not reminded of, of accounts that are not blocked. Parameters:
/// now, twice now in microseconds since 1970, how many at most.
inline constexpr db::Statement<std::vector<Removal>, Timestamp, std::int64_t, std::int64_t> list_waiting{
    "SELECT s.id, s.user_id, s.made_at, s.due_at FROM scheduled s JOIN users u ON u.id = s.user_id "
    "WHERE s.kind = 'factor_removal' AND u.is_active "
    "AND (s.due_at <= $1 OR (s.detail = '' AND s.made_at + s.due_at <= $2)) ORDER BY s.due_at LIMIT $3"};
/// Single use: of many at once, on any node, one gets a row.
inline constexpr db::Statement<std::optional<UserId>, LinkId> consume_reminder{
    "UPDATE scheduled SET detail = 'reminded' WHERE id = $1 AND detail = '' RETURNING user_id"};
/// Stops it, by the link of a mail. Single use.
inline constexpr db::Statement<std::optional<UserId>, LinkId> delete_removal{
    "DELETE FROM scheduled WHERE id = $1 AND kind = 'factor_removal' RETURNING user_id"};

}  // namespace latchkey::store::factor_removals
