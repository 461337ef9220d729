#pragma once

#include <optional>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "db/statement.h"

/// Ids of what was used and may not be used again, until it would have expired anyway. For what changes no
/// account; what does change one is used up by users.security_version.
namespace latchkey::store::spent {

/// Single use: of many at once one gets a row. `$2` is when the thing expires.
inline constexpr db::Statement<std::optional<LinkId>, LinkId, Timestamp> consume_id{
    "INSERT INTO spent (id, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id"};

inline constexpr db::Statement<std::optional<LinkId>, LinkId> find_id{"SELECT id FROM spent WHERE id = $1"};

/// Housekeeping walks the table by its key, a page at a time.
struct Walked {
  LinkId id;
  bool has_expired = false;
};
BOOST_DESCRIBE_STRUCT(Walked, (), (id, has_expired))
inline constexpr db::Statement<std::vector<Walked>, Timestamp, LinkId, std::int64_t> list_walked{
    "SELECT id, (expires_at <= $1) FROM spent WHERE id > $2 ORDER BY id LIMIT $3"};
inline constexpr db::Statement<db::Affected, LinkId, LinkId, Timestamp> delete_expired_between{
    "DELETE FROM spent WHERE id > $1 AND id <= $2 AND expires_at <= $3"};

}  // namespace latchkey::store::spent
