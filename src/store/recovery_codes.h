#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/id.h"
#include "base/time.h"
#include "db/statement.h"

/// Recovery codes by their hashes: SHA-256 of subject and code, with no key of ours, so that neither a change
/// of the master secret nor a restore makes them worthless. A code has 80 random bits.
namespace latchkey::store::recovery_codes {

inline constexpr db::Statement<db::Affected, Bytes, UserId, Timestamp> insert_code{
    "INSERT INTO recovery_codes (id, user_id, created_at) VALUES ($1, $2, $3)"};
/// Single use: of many at once one gets a row.
inline constexpr db::Statement<std::optional<UserId>, Bytes, UserId> consume_code{
    "DELETE FROM recovery_codes WHERE id = $1 AND user_id = $2 RETURNING user_id"};
inline constexpr db::Statement<db::Affected, UserId> delete_codes_of_user{
    "DELETE FROM recovery_codes WHERE user_id = $1"};
/// How many are left.
inline constexpr db::Statement<std::optional<std::int64_t>, UserId> count_codes{
    "SELECT count(*) FROM recovery_codes WHERE user_id = $1"};

}  // namespace latchkey::store::recovery_codes
