#pragma once

#include <boost/describe.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "db/statement.h"

/// The keys that sign access tokens. Private keys are stored sealed under the master secret only.
namespace latchkey::store::signing_keys {

struct Key {
  std::string kid;
  std::int64_t sequence = 0;
  Bytes public_key;
  Bytes sealed_private_key;
  Timestamp created_at;
  Timestamp activates_at;
};
BOOST_DESCRIBE_STRUCT(Key, (), (kid, sequence, public_key, sealed_private_key, created_at, activates_at))

inline constexpr db::Statement<std::vector<Key>> list_keys{
    "SELECT kid, sequence, public_key, sealed_private_key, created_at, activates_at FROM signing_keys ORDER "
    "BY sequence"};

/// No row when somebody else made the key of this sequence: rotation happens once, however many try.
inline constexpr db::Statement<std::optional<std::int64_t>, std::string, std::int64_t, Bytes, Bytes,
                               Timestamp, Timestamp>
    insert_key{
        "INSERT INTO signing_keys (kid, sequence, public_key, sealed_private_key, created_at, activates_at) "
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING sequence"};

inline constexpr db::Statement<db::Affected, std::string> delete_key{
    "DELETE FROM signing_keys WHERE kid = $1"};
inline constexpr db::Statement<db::Affected> delete_all{"DELETE FROM signing_keys"};
/// A key that was meant to wait signs from now on: its predecessor was revoked.
inline constexpr db::Statement<db::Affected, Timestamp, std::string> update_activates_at{
    "UPDATE signing_keys SET activates_at = $1 WHERE kid = $2"};
/// Re-sealed under another master secret, if it still is what the caller opened.
inline constexpr db::Statement<db::Affected, Bytes, std::string, Bytes> update_sealed{
    "UPDATE signing_keys SET sealed_private_key = $1 WHERE kid = $2 AND sealed_private_key = $3"};

}  // namespace latchkey::store::signing_keys
