#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/id.h"
#include "base/time.h"
#include "db/statement.h"

/// Passkeys: what WebAuthn §4 calls credential records. A transaction that adds or removes one begins with
/// `factors::raise_version` and ends with `factors::update_mark`.
namespace latchkey::store::passkeys {

struct Passkey {
  Bytes id;  ///< the credential id
  UserId user_id;
  Bytes public_key;  ///< a COSE_Key
  std::int64_t sign_count = 0;
  Bytes aaguid;
  std::string transports;  ///< separated by commas, as the client named them
  std::string name;
  std::string rp_id;
  bool is_user_verifying = false;
  bool is_backup_eligible = false;
  bool is_backed_up = false;
  Timestamp created_at;
  Timestamp last_used_at;
};
BOOST_DESCRIBE_STRUCT(Passkey, (),
                      (id, user_id, public_key, sign_count, aaguid, transports, name, rp_id,
                       is_user_verifying, is_backup_eligible, is_backed_up, created_at, last_used_at))

/// What stands in `transports`, one by one.
inline std::vector<std::string> split_transports(std::string_view joined) {
  std::vector<std::string> names;
  while (!joined.empty()) {
    const auto end = joined.find(',');
    names.emplace_back(joined.substr(0, end));
    joined.remove_prefix(end == std::string_view::npos ? joined.size() : end + 1);
  }
  return names;
}

#define LATCHKEY_PASSKEY_COLUMNS                                                              \
  "id, user_id, public_key, sign_count, aaguid, transports, name, rp_id, is_user_verifying, " \
  "is_backup_eligible, is_backed_up, created_at, last_used_at "
inline constexpr db::Statement<std::optional<Passkey>, Bytes> find_passkey{"SELECT " LATCHKEY_PASSKEY_COLUMNS
                                                                           "FROM passkeys WHERE id = $1"};
/// All of an account, the oldest first; few (the feature bounds them).
inline constexpr db::Statement<std::vector<Passkey>, UserId> list_passkeys{
    "SELECT " LATCHKEY_PASSKEY_COLUMNS "FROM passkeys WHERE user_id = $1 ORDER BY created_at, id"};
#undef LATCHKEY_PASSKEY_COLUMNS

/// No row: the credential id is taken, by this account or another.
using InsertPasskey = db::Statement<std::optional<UserId>, Bytes, UserId, Bytes, std::int64_t, Bytes,
                                    std::string, std::string, std::string, bool, bool, bool, Timestamp>;
inline constexpr InsertPasskey insert_passkey{
    "INSERT INTO passkeys (id, user_id, public_key, sign_count, aaguid, transports, name, rp_id, "
    "is_user_verifying, is_backup_eligible, is_backed_up, created_at, last_used_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12) ON CONFLICT DO NOTHING "
    "RETURNING user_id"};

/// A counter that stays or goes back gets no row, unless the authenticator does not count at all. Parameters:
/// the new counter, whether it is backed up, now, credential, account.
inline constexpr db::Statement<std::optional<UserId>, std::int64_t, bool, Timestamp, Bytes, UserId>
    consume_count{
        "UPDATE passkeys SET sign_count = $1, is_backed_up = $2, last_used_at = $3 "
        "WHERE id = $4 AND user_id = $5 AND (sign_count < $1 OR (sign_count = 0 AND $1 = 0)) "
        "RETURNING user_id"};

inline constexpr db::Statement<std::optional<UserId>, std::string, Bytes, UserId> update_name{
    "UPDATE passkeys SET name = $1 WHERE id = $2 AND user_id = $3 RETURNING user_id"};
inline constexpr db::Statement<std::optional<UserId>, Bytes, UserId> delete_passkey{
    "DELETE FROM passkeys WHERE id = $1 AND user_id = $2 RETURNING user_id"};
inline constexpr db::Statement<db::Affected, UserId> delete_passkeys_of_user{
    "DELETE FROM passkeys WHERE user_id = $1"};
inline constexpr db::Statement<db::Affected, UserId, Timestamp> delete_passkeys_since{
    "DELETE FROM passkeys WHERE user_id = $1 AND created_at >= $2"};
inline constexpr db::Statement<std::optional<std::int64_t>, UserId> count_passkeys{
    "SELECT count(*) FROM passkeys WHERE user_id = $1"};
/// Those of one relying party, other than one of them, that verify their user; or, with TRUE, also those that
/// do not. Parameters: account, relying party, whether the others count, the one that does not.
inline constexpr db::Statement<std::optional<std::int64_t>, UserId, std::string, bool, Bytes> count_usable{
    "SELECT count(*) FROM passkeys WHERE user_id = $1 AND rp_id = $2 AND (is_user_verifying OR $3) AND id <> "
    "$4"};

}  // namespace latchkey::store::passkeys
