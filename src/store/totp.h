#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/id.h"
#include "base/time.h"
#include "db/statement.h"

/// Authenticator apps (RFC 6238), one an account. The secret is sealed (crypto/keyring.h). A transaction that
/// changes a row begins with `factors::raise_version` and ends with `factors::update_mark`.
namespace latchkey::store::totp {

struct Totp {
  LinkId id;
  Bytes sealed_secret;
  std::int64_t last_step = 0;
  Timestamp created_at;
  Timestamp last_used_at;
};
BOOST_DESCRIBE_STRUCT(Totp, (), (id, sealed_secret, last_step, created_at, last_used_at))
inline constexpr db::Statement<std::optional<Totp>, UserId> find_totp{
    "SELECT id, sealed_secret, last_step, created_at, last_used_at FROM totp WHERE user_id = $1"};

/// In this order: id, account, sealed secret, the step whose code confirmed it, now.
inline constexpr db::Statement<db::Affected, LinkId, UserId, Bytes, std::int64_t, Timestamp> insert_totp{
    "INSERT INTO totp (id, user_id, sealed_secret, last_step, created_at, last_used_at) "
    "VALUES ($1, $2, $3, $4, $5, $5)"};
inline constexpr db::Statement<std::optional<LinkId>, UserId> delete_totp{
    "DELETE FROM totp WHERE user_id = $1 RETURNING id"};
inline constexpr db::Statement<db::Affected, UserId> delete_totp_of_user{
    "DELETE FROM totp WHERE user_id = $1"};

/// Single use: the code of a step, and of every earlier one, is good for one call only. Of many at once one
/// gets a row. Parameters: step, now, account, the id that the code was compared with.
inline constexpr db::Statement<std::optional<LinkId>, std::int64_t, Timestamp, UserId, LinkId> consume_step{
    "UPDATE totp SET last_step = $1, last_used_at = $2 WHERE user_id = $3 AND id = $4 AND last_step < $1 "
    "RETURNING id"};

}  // namespace latchkey::store::totp
