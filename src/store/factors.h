#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/time.h"
#include "db/statement.h"

/// What a sign-in to an account may need beside the password, and how a sign-in learns of it without a
/// further statement: the hash of an account that has more steps is marked. Programs up to 0.1.0, which know
/// of no steps, can not read a marked hash, and refuse the account.
///
/// A transaction that changes a hash, a factor, `must_change_password` or a scheduled deletion runs
/// `update_mark` last. All statements throw `Unavailable` when the store can not answer.
namespace latchkey::store::factors {

#define LATCHKEY_STEPS_MARK "steps:"
inline constexpr std::string_view mark = LATCHKEY_STEPS_MARK;

inline bool is_marked(std::string_view password_hash) { return password_hash.starts_with(mark); }
/// The hash of a password that nobody may sign in with since the owner took the account back. It is kept so
/// that nobody chooses the same password again.
#define LATCHKEY_VOID_MARK LATCHKEY_STEPS_MARK "void:"
inline constexpr std::string_view void_mark = LATCHKEY_VOID_MARK;

/// What was marked; empty for an account without a password, or with a void one.
inline std::string_view without_mark(std::string_view password_hash) {
  if (password_hash.starts_with(void_mark)) return {};
  return is_marked(password_hash) ? password_hash.substr(mark.size()) : password_hash;
}
/// The hash of the void password; empty where there is none.
inline std::string_view void_hash(std::string_view password_hash) {
  return password_hash.starts_with(void_mark) ? password_hash.substr(void_mark.size()) : std::string_view();
}

/// Another hash of the same password, marked as the one whose place it takes.
inline std::string marked_like(std::string_view replaced, std::string_view hash) {
  return std::string(is_marked(replaced) ? mark : std::string_view()).append(hash);
}

/// All of an account that decides which steps a sign-in has.
struct Steps {
  bool has_totp = false;
  std::int64_t passkeys = 0;
  std::int64_t recovery_codes = 0;
  bool must_change_password = false;
  /// When the account is deleted; nothing where it stays.
  std::optional<Timestamp> deletion_due_at;
};
BOOST_DESCRIBE_STRUCT(Steps, (), (has_totp, passkeys, recovery_codes, must_change_password, deletion_due_at))
inline constexpr db::Statement<std::optional<Steps>, UserId> find_steps{
    "SELECT EXISTS (SELECT 1 FROM totp t WHERE t.user_id = u.id), "
    "(SELECT count(*) FROM passkeys p WHERE p.user_id = u.id), "
    "(SELECT count(*) FROM recovery_codes r WHERE r.user_id = u.id), u.must_change_password, "
    "(SELECT s.due_at FROM scheduled s WHERE s.user_id = u.id AND s.kind = 'deletion') "
    "FROM users u WHERE u.id = $1"};

/// Marks the hash of an account that has more steps, and takes the mark from any other.
inline constexpr db::Statement<db::Affected, UserId> update_mark{
    "UPDATE users SET password_hash = CASE WHEN must_change_password "
    "OR EXISTS (SELECT 1 FROM totp t WHERE t.user_id = users.id) "
    "OR EXISTS (SELECT 1 FROM passkeys p WHERE p.user_id = users.id) "
    "OR EXISTS (SELECT 1 FROM scheduled s WHERE s.user_id = users.id AND s.kind = 'deletion') "
    "THEN CASE WHEN password_hash LIKE '" LATCHKEY_STEPS_MARK
    "%' THEN password_hash "
    "ELSE '" LATCHKEY_STEPS_MARK
    "' || password_hash END "
    "ELSE CASE WHEN password_hash LIKE '" LATCHKEY_STEPS_MARK
    "%' THEN substr(password_hash, 7) "
    "ELSE password_hash END END WHERE id = $1"};
/// The owner takes the account back: nobody signs in by password before the account has a new one; voids
/// every link and every sign-in that is under way. Parameters: now, account.
inline constexpr db::Statement<db::Affected, Timestamp, UserId> update_taken_back{
    "UPDATE users SET password_hash = CASE WHEN password_hash LIKE '" LATCHKEY_VOID_MARK
    "%' THEN password_hash "
    "WHEN password_hash = '' OR password_hash = '" LATCHKEY_STEPS_MARK "' THEN '" LATCHKEY_STEPS_MARK
    "' WHEN password_hash LIKE '" LATCHKEY_STEPS_MARK "%' THEN '" LATCHKEY_VOID_MARK
    "' || substr(password_hash, 7) ELSE '" LATCHKEY_VOID_MARK
    "' || password_hash END, must_change_password = TRUE, "
    "security_version = security_version + 1, updated_at = $1 WHERE id = $2"};
static_assert(mark.size() == 6);
#undef LATCHKEY_VOID_MARK
#undef LATCHKEY_STEPS_MARK

/// Where a change may be refused, this stands before `raise_version`, so that the refusal changes nothing:
/// what the transaction reads from here on stays so until it ends. No row: the account was blocked or
/// removed.
inline constexpr db::Statement<std::optional<std::int64_t>, UserId> lock_account{
    "UPDATE users SET security_version = security_version WHERE id = $1 AND is_active "
    "RETURNING security_version"};

/// The first statement of every transaction that changes a factor: of many at once on one account each waits
/// here for the other, and what was read before does not hold any more. Voids every link and every sign-in
/// that is under way. No row: the account was blocked or removed.
inline constexpr db::Statement<std::optional<std::int64_t>, Timestamp, UserId> raise_version{
    "UPDATE users SET security_version = security_version + 1, updated_at = $1 WHERE id = $2 AND is_active "
    "RETURNING security_version"};

}  // namespace latchkey::store::factors
