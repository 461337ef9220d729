#include "features/first_administrator/make.h"

#include "base/log.h"
#include "flow/accounts/accounts.h"
#include "flow/accounts/validation.h"
#include "store/state.h"

namespace latchkey::features::first_administrator {
namespace {

namespace users = store::users;

Result<users::User> write(db::Tx& tx, const flow::Services& services, const flow::Origin& origin,
                          const users::NewUser& account) {
  // Whoever makes an administrator at the same moment comes before or after.
  tx.run(store::state::update_administrators_guard);
  if (tx.run(users::find_any_administrator).has_value()) return Error(ErrorCode::invalid_link);
  return flow::accounts::add_account(tx, services, origin, account);
}

}  // namespace

Task<bool> is_missing(flow::Services& services) {
  const auto found = co_await services.database.run(users::find_any_administrator);
  co_return !found.has_value();
}

Task<Result<users::User>> make_first_administrator(flow::Services& services, flow::Origin origin,
                                                   Wanted wanted) {
  auto checked =
      flow::accounts::check_fields(services.settings, wanted.email, wanted.username, wanted.password.text());
  if (checked.has_error()) co_return checked.error();
  auto words = flow::accounts::likely_words(*checked);
  auto chosen = co_await services.hashing.hash_if_good(
      client_of(origin), std::move(checked->password), std::move(words),
      flow::accounts::demands(services.settings, services.breached));
  if (chosen.has_error()) co_return chosen.error();
  if (chosen->verdict != crypto::password::Verdict::good)
    co_return flow::accounts::refused_password(chosen->verdict);
  const users::NewUser account{.email = checked->email.address,
                               .email_key = checked->email.key.value,
                               .username = checked->username,
                               .username_key = checked->username_key,
                               .password_hash = std::move(chosen->hash),
                               .role = Role::admin,
                               .confirmed = true};
  // Whoever has the link has read it at the terminal of the server.
  origin.actor = "operator";
  auto work = [&](db::Tx& tx) { return write(tx, services, origin, account); };
  auto made = co_await services.database.write(work);
  if (made.has_value())
    log::info("administrator.made", {{"id", made->id.value}, {"from", "the one-time link of this start"}});
  co_return made;
}

}  // namespace latchkey::features::first_administrator
