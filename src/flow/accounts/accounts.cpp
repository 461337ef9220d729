#include "flow/accounts/accounts.h"

#include "crypto/random.h"
#include "flow/accounts/confirmation_mail.h"
#include "flow/accounts/held_address.h"
#include "flow/accounts/unconfirmed.h"
#include "flow/events.h"
#include "flow/sessions/end_sessions.h"
#include "mail/queue.h"
#include "store/attempts.h"
#include "store/factor_attempts.h"
#include "store/state.h"

namespace latchkey::flow::accounts {
namespace {

namespace users = store::users;

constexpr Event user_blocked{.name = "user_blocked"};
constexpr Event user_unblocked{.name = "user_unblocked"};
constexpr Event user_unlocked{.name = "user_unlocked"};
constexpr Event role_changed{.name = "role_changed"};
constexpr Event user_deleted{.name = "user_deleted"};
constexpr Event user_added{.name = "user_added"};

bool counts_as_administrator(const users::User& user) {
  return user.role == Role::admin && user.confirmed && user.is_active;
}

void end_sessions(db::Tx& tx, UserId user) {
  sessions::end_sessions_of(tx, user, sessions::EndedBy::administrator);
}

Result<users::User> changed(db::Tx& tx, const Origin& origin, const Event& event, UserId user,
                            std::string_view detail) {
  const auto now = tx.run(users::find_user, origin.now, user).value();
  record(tx, origin, event, ok, to_string(now.subject), detail);
  return now;
}

}  // namespace

Result<> keep_an_administrator(db::Tx& tx, const Origin& origin, const Event& event, UserId user) {
  tx.run(store::state::update_administrators_guard);
  const auto found = tx.run(users::find_user, origin.now, user);
  if (!found.has_value()) return Error(ErrorCode::user_not_found);
  if (!counts_as_administrator(*found)) return {};
  if (tx.run(users::count_other_administrators, user).value() > 0) return {};
  record(tx, origin, event, ErrorCode::last_administrator, to_string(found->subject));
  return Error(ErrorCode::last_administrator);
}

Result<users::User> set_access(db::Tx& tx, const Origin& origin, UserId user, Access access) {
  const bool allow = access == Access::allowed;
  const Event& event = allow ? user_unblocked : user_blocked;
  if (!allow) {
    if (auto kept = keep_an_administrator(tx, origin, event, user); kept.has_error()) return kept.error();
  }
  if (tx.run(users::update_is_active, allow, origin.now, user).rows == 0)
    return Error(ErrorCode::user_not_found);
  if (!allow) {
    end_sessions(tx, user);
    mail::drop_links(tx, user);
  }
  return changed(tx, origin, event, user, "");
}

Result<users::User> unlock(db::Tx& tx, const Origin& origin, UserId user) {
  if (tx.run(store::attempts::open_again, user).rows == 0) return Error(ErrorCode::user_not_found);
  tx.run_later(store::attempts::open_to_devices_again, user);
  tx.run_later(store::factor_attempts::forget, user);
  return changed(tx, origin, user_unlocked, user, "");
}

Result<users::User> set_role(db::Tx& tx, const Origin& origin, UserId user, Role role) {
  if (role != Role::admin) {
    if (auto kept = keep_an_administrator(tx, origin, role_changed, user); kept.has_error())
      return kept.error();
  }
  if (tx.run(users::update_role, role, origin.now, user).rows == 0) return Error(ErrorCode::user_not_found);
  end_sessions(tx, user);
  return changed(tx, origin, role_changed, user, to_string(role));
}

Result<users::User> delete_user(db::Tx& tx, const Origin& origin, UserId user) {
  if (auto kept = keep_an_administrator(tx, origin, user_deleted, user); kept.has_error())
    return kept.error();
  const auto last = tx.run(users::find_user, origin.now, user);
  if (!last.has_value()) return Error(ErrorCode::user_not_found);
  // Its row before its sessions, as everywhere (sessions/hold_caller.h).
  tx.run(users::hold_active, user);
  end_sessions(tx, user);
  mail::drop_links(tx, user);
  tx.run_later(users::delete_user, user);
  record(tx, origin, user_deleted, ok, to_string(last->subject));
  return *last;
}

Result<users::User> add_account(db::Tx& tx, const Services& services, const Origin& origin,
                                users::NewUser account) {
  remove_lapsed_holders(tx, services.settings, origin, account.email_key, account.username_key);
  if (find_holder(tx, account.email_key, origin.now).has_value())
    return Error(ErrorCode::account_exists, "The owner of an account may still take this address back");
  account.subject = crypto::new_subject();
  account.now = origin.now;
  const auto id = users::insert_user(tx, account);
  if (!id.has_value()) {
    if (tx.run(users::find_contact, account.email_key).has_value()) return Error(ErrorCode::account_exists);
    if (account.id.has_value() && tx.run(users::find_user, origin.now, *account.id).has_value())
      return Error(ErrorCode::account_exists, "There is an account with this id already");
    return Error(ErrorCode::username_taken);
  }
  if (account.id.has_value() && !services.settings.is_embedded())
    tx.run(users::raise_last_id, account.id->value);
  if (!account.confirmed) {
    mail::queue(tx, services.wake_mail, confirmation_mail(*id, account.email, "", origin.now));
  }
  return changed(tx, origin, user_added, *id, to_string(account.role));
}

}  // namespace latchkey::flow::accounts
