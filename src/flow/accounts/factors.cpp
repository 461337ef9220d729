#include "flow/accounts/factors.h"

#include "flow/accounts/factor_notices.h"
#include "flow/sessions/end_sessions.h"
#include "flow/signin/factor_attempts.h"
#include "flow/signin/recovery_codes.h"
#include "store/factors.h"
#include "store/passkeys.h"
#include "store/totp.h"
#include "store/users.h"

namespace latchkey::flow::accounts {
namespace {

constexpr std::int64_t most_ended_at_once = 500;

void finish_removal(db::Tx& tx, const Services& services, const Origin& origin,
                    const store::users::Credentials& account, std::string_view kind, std::string_view words) {
  signin::drop_recovery_codes_without_factor(tx, account.id);
  record(tx, origin, factor_removed, ok, to_string(account.subject), kind);
  tell_factor_removed(tx, services, origin, account.id, words);
  tx.run_later(store::factors::update_mark, account.id);
}

}  // namespace

constinit const Event factor_added{.name = "factor_added"};
constinit const Event factor_removed{.name = "factor_removed"};
constinit const Event recovery_codes_made{.name = "recovery_codes_made"};

Result<> remove_totp(db::Tx& tx, const Services& services, const Origin& origin, UserId user) {
  // Looked for before the version is raised: a refusal changes nothing.
  if (!tx.run(store::totp::find_totp, user).has_value()) return Error(ErrorCode::factor_not_found);
  if (!tx.run(store::factors::raise_version, origin.now, user).has_value())
    return Error(ErrorCode::account_blocked);
  const auto account = tx.run(store::users::find_credentials_by_id, user).value();
  // Of many at once the first one has removed it.
  if (!tx.run(store::totp::delete_totp, user).has_value()) return Error(ErrorCode::factor_not_found);
  signin::forget_factor_attempts(tx, user);
  finish_removal(tx, services, origin, account, "totp", authenticator_app);
  return {};
}

Result<> remove_passkeys(db::Tx& tx, const Services& services, const Origin& origin, UserId user) {
  // The row is locked before anything is read: of this and a removal of the password the second one sees what
  // the first one did.
  const bool is_active = tx.run(store::factors::lock_account, user).has_value();
  const auto count = tx.run(store::passkeys::count_passkeys, user).value_or(0);
  if (count == 0) return Error(ErrorCode::factor_not_found);
  const auto before = tx.run(store::users::find_credentials_by_id, user);
  if (!before.has_value()) return Error(ErrorCode::user_not_found);
  if (store::factors::without_mark(before->password_hash).empty()) return Error(ErrorCode::last_way_in);
  if (!is_active) return Error(ErrorCode::account_blocked);
  tx.run(store::factors::raise_version, origin.now, user);
  tx.run(store::passkeys::delete_passkeys_of_user, user);
  finish_removal(tx, services, origin, *before, "passkeys", count == 1 ? "passkey" : "passkeys");
  return {};
}

void remove_all_factors(db::Tx& tx, const Services& services, const Origin& origin,
                        const store::users::Credentials& account) {
  tx.run(store::factors::raise_version, origin.now, account.id);
  tx.run(store::totp::delete_totp_of_user, account.id);
  if (!store::factors::without_mark(account.password_hash).empty())
    tx.run(store::passkeys::delete_passkeys_of_user, account.id);
  signin::forget_factor_attempts(tx, account.id);
  finish_removal(tx, services, origin, account, "all", "all that there were");
}

void end_other_sessions(db::Tx& tx, UserId user, const SessionId& kept) {
  while (sessions::end_some_of(tx, user, kept, most_ended_at_once, sessions::EndedBy::logout) ==
         most_ended_at_once) {
  }
}

}  // namespace latchkey::flow::accounts
