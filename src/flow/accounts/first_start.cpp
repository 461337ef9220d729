#include "flow/accounts/first_start.h"

#include "base/log.h"
#include "base/unicode.h"
#include "crypto/password/hash.h"
#include "flow/accounts/accounts.h"
#include "flow/accounts/validation.h"
#include "store/state.h"

namespace latchkey::flow::accounts {

namespace users = store::users;

namespace {

/// Why the account of admin.email is not the administrator that is missing, and what to do.
std::string explain_no_administrator(const users::User& account) {
  const std::string id = std::to_string(account.id.value);
  std::string why = "which is blocked; run `latchkey user unblock " + id + "`";
  if (account.role != Role::admin) {
    why = "which is not an administrator; run `latchkey user set-role " + id + " admin` if it should be one";
  } else if (!account.confirmed) {
    why = "which was never confirmed: follow the link in its mail, run `latchkey user delete " + id + "`";
  }
  return "admin.email belongs to account " + id + ", " + why + ", or choose another address";
}

Result<NewAccount> check(const Settings& settings, const crypto::breached::Index* breached) {
  return check_new_account(settings, breached, settings.admin.email, "administrator",
                           settings.admin.password.text());
}

/// The settings are named as the fields of an account are.
std::string explain(const Error& error) {
  const auto& wrong = error.fields.front();
  return "admin." + wrong.loc.back() + " " + wrong.msg;
}

}  // namespace

bool has_administrator(db::Database& database) {
  return database.run_now(users::find_any_administrator).has_value();
}

std::optional<std::string> check_administrator(const Settings& settings,
                                               const crypto::breached::Index* breached) {
  if (settings.admin.email.empty()) return std::nullopt;
  const auto checked = check(settings, breached);
  return checked.has_error() ? std::optional(explain(checked.error())) : std::nullopt;
}

std::optional<std::string> ensure_administrator(Services& services, const Origin& origin) {
  const auto& settings = services.settings;
  if (settings.admin.email.empty() || has_administrator(services.database)) return std::nullopt;
  const auto checked = check(settings, services.breached);
  if (checked.has_error()) return explain(checked.error());
  crypto::password::HashArena arena;
  const store::users::NewUser account{.email = checked->email.address,
                                      .email_key = checked->email.key.value,
                                      .username = checked->username,
                                      .username_key = checked->username_key,
                                      .password_hash = crypto::password::hash_password(
                                          checked->password, services.hashing.parameters(), arena),
                                      .role = Role::admin,
                                      .confirmed = true};
  struct Outcome {
    std::optional<std::string> problem;
    std::optional<UserId> made;
  };
  auto work = [&](db::Tx& tx) -> Outcome {
    // Another node may be at it: one comes after the other.
    tx.run(store::state::update_administrators_guard);
    if (tx.run(users::find_any_administrator).has_value()) return {};
    if (const auto existing = tx.run(users::find_user_by_email, origin.now, account.email_key)) {
      return {.problem = explain_no_administrator(*existing), .made = std::nullopt};
    }
    const auto added = add_account(tx, services, origin, account);
    if (added.has_value()) return {.problem = std::nullopt, .made = added->id};
    return {.problem =
                "the username \"administrator\" is taken; run `latchkey user add --role admin "
                "--confirmed` instead",
            .made = std::nullopt};
  };
  auto outcome = services.database.write_now(work);
  if (outcome.made.has_value()) {
    log::info("administrator.made", {{"id", outcome.made->value},
                                     {"from", "admin.email"},
                                     {"hint", "admin.password no longer has any effect: remove it"}});
  }
  return std::move(outcome.problem);
}

std::optional<std::string> ensure_unique_usernames(Services& services) {
  if (!services.settings.accounts.unique_usernames) return std::nullopt;
  constexpr std::int64_t page = 500;
  UserId after{0};
  for (;;) {
    auto work = [&](db::Tx& tx) -> std::pair<std::optional<std::string>, std::optional<UserId>> {
      const auto rows = tx.run(users::list_without_username_key, after, page);
      for (const auto& row : rows) {
        const auto key = fold_case(row.username);
        if (!key.has_value()) continue;
        const auto other = tx.run(users::find_by_username_key, *key);
        if (other.has_value() && other->value == row.id.value) continue;  // another node has been quicker
        if (other.has_value()) {
          return {"accounts.unique_usernames cannot be turned on: accounts " + std::to_string(other->value) +
                      " and " + std::to_string(row.id.value) + " have the same username",
                  std::nullopt};
        }
        tx.run(users::update_username_key, *key, row.id);
      }
      if (rows.empty()) return {std::nullopt, std::nullopt};
      return {std::nullopt, rows.back().id};
    };
    const auto [problem, last] = services.database.write_now(work);
    if (problem.has_value()) return problem;
    if (!last.has_value()) return std::nullopt;
    after = *last;
  }
}

}  // namespace latchkey::flow::accounts
