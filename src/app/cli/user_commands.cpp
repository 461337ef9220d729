#include "app/cli/user_commands.h"

#include <fmt/format.h>

#include "api/encode.h"
#include "api/user_response.h"
#include "app/cli/named_user.h"
#include "app/cli/table.h"
#include "base/field_errors.h"
#include "crypto/password/hash.h"
#include "flow/accounts/accounts.h"
#include "flow/accounts/factors.h"
#include "flow/accounts/validation.h"
#include "store/users.h"

namespace latchkey::app::cli {
namespace {

namespace users = store::users;
using users::User;

constexpr std::int64_t users_at_once = 500;

/// Runs a flow on the account that is meant and says what became of it.
template <class Flow>
int change(Context& context, const UserName& name, std::string_view done, Flow flow) {
  auto work = [&](db::Tx& tx) -> Result<User> {
    const auto user = find_named(tx, context, name);
    if (!user.has_value()) return Error(ErrorCode::user_not_found);
    return flow(tx, user->id);
  };
  const Result<User> user = context.services.database.write_now(work);
  if (user.has_error()) return refuse(context.console, user.error());
  context.console.out(fmt::format("user {} ({}) {}\n", user->id.value, printable(user->email), done));
  return exit_done;
}

Result<flow::accounts::NewAccount> check(const UserAdd& command, const Context& context) {
  const auto& settings = context.services.settings;
  if (command.input == UserAdd::Input::password) {
    return flow::accounts::check_new_account(settings, context.services.breached, command.email,
                                             command.username, context.input.text());
  }
  const auto& today = context.services.hashing.parameters();
  if (const auto problem = crypto::password::find_hash_problem(context.input.text(), today)) {
    return invalid_field("input", "password-hash", "value_error",
                         fmt::format("the hash on standard input {}", *problem));
  }
  return flow::accounts::check_imported_account(settings, command.email, command.username);
}

std::string hash(const UserAdd& command, const flow::accounts::NewAccount& account, const Context& context) {
  if (command.input == UserAdd::Input::password_hash) return std::string(context.input.text());
  crypto::password::HashArena arena;
  return crypto::password::hash_password(account.password, context.services.hashing.parameters(), arena);
}

/// Calls `each` for every account, in pages that are each read at once, and `end_page` after every page. An
/// account whose row can not be read goes to `unreadable`, with its id and the reason, and the list goes on.
template <class Each, class Unreadable, class EndPage>
void for_all(Context& context, Each each, Unreadable unreadable, EndPage end_page) {
  auto& database = context.services.database;
  const auto now = context.origin.now;
  // One by one, where the page as a whole could not be read. Ids are numbers wherever the key is whole.
  const auto page_by_ids = [&](UserId after) {
    const auto ids = database.run_now(users::list_ids, after, users_at_once);
    for (const UserId id : ids) {
      try {
        if (const auto user = database.run_now(users::find_user, now, id)) each(*user);
      } catch (const UnreadableRow& row) {
        unreadable(id, row.what());
      }
    }
    return ids.empty() ? UserId{0} : ids.back();
  };
  UserId after{0};
  for (;;) {
    try {
      const auto found = database.run_now(users::list_users, now, after, users_at_once);
      if (found.empty()) return;
      for (const User& user : found) each(user);
      after = found.back().id;
    } catch (const UnreadableRow&) {
      after = page_by_ids(after);
      if (after.value == 0) return;
    }
    end_page();
  }
}

}  // namespace

int execute(const UserAdd& command, Context& context) {
  const auto checked = check(command, context);
  if (checked.has_error()) return refuse(context.console, checked.error());
  const users::NewUser account{.id = command.id,
                               .email = checked->email.address,
                               .email_key = checked->email.key.value,
                               .username = checked->username,
                               .username_key = checked->username_key,
                               .password_hash = hash(command, *checked, context),
                               .role = command.role,
                               .confirmed = command.confirmed};
  auto work = [&](db::Tx& tx) {
    return flow::accounts::add_account(tx, context.services, context.origin, account);
  };
  const Result<User> user = context.services.database.write_now(work);
  if (user.has_error()) return refuse(context.console, user.error());
  context.console.out(
      fmt::format("user {} ({}) added as {}{}\n", user->id.value, user->email, to_string(user->role),
                  command.confirmed ? ", confirmed" : "; its confirmation mail is waiting to be sent"));
  return exit_done;
}

int execute(const UserList& command, Context& context) {
  std::size_t unread = 0;
  const auto finish = [&] {
    if (unread > 0)
      context.console.err(
          fmt::format("{} account(s) could not be read: `latchkey doctor` lists them\n", unread));
    return unread > 0 ? exit_refused : exit_done;
  };
  if (command.format == Format::json) {
    JsonArray array(context.console);
    for_all(
        context, [&](const User& user) { array.add(api::to_json(api::user_response(user))); },
        [&](UserId id, std::string_view why) {
          ++unread;
          array.add(fmt::format(R"({{"id":{},"unreadable":"{}"}})", id.value, why));
        },
        [&] { array.flush(); });
    array.finish();
    return finish();
  }
  Table table(context.console,
              {"ID", "EMAIL", "USERNAME", "ROLE", "CONFIRMED", "ACCESS", "STATUS", "CREATED"});
  for_all(
      context,
      [&](const User& user) {
        table.add({std::to_string(user.id.value), user.email, user.username,
                   std::string(to_string(user.role)), std::string(yes_or_no(user.is_proved)),
                   std::string(access_word(user)), std::string(status_word(user)),
                   format_rfc3339(user.created_at)});
      },
      [&](UserId id, std::string_view why) {
        ++unread;
        table.add({std::to_string(id.value), fmt::format("unreadable: {}", why), "", "", "", "", "", ""});
      },
      [&] { table.flush(); });
  if (table.size() == 0) context.console.err("no accounts\n");
  return finish();
}

int execute(const UserBlock& command, Context& context) {
  return change(context, command.user, "is blocked; its sessions are ended", [&](db::Tx& tx, UserId id) {
    return flow::accounts::set_access(tx, context.origin, id, flow::accounts::Access::blocked);
  });
}

int execute(const UserUnblock& command, Context& context) {
  return change(context, command.user, "may sign in again", [&](db::Tx& tx, UserId id) {
    return flow::accounts::set_access(tx, context.origin, id, flow::accounts::Access::allowed);
  });
}

int execute(const UserUnlock& command, Context& context) {
  return change(context, command.user, "is unlocked; wrong passwords are counted anew",
                [&](db::Tx& tx, UserId id) { return flow::accounts::unlock(tx, context.origin, id); });
}

int execute(const UserSetRole& command, Context& context) {
  const std::string done = fmt::format("has the role {}; its sessions are ended", to_string(command.role));
  return change(context, command.user, done, [&](db::Tx& tx, UserId id) {
    return flow::accounts::set_role(tx, context.origin, id, command.role);
  });
}

int execute(const UserRemoveFactor& command, Context& context) {
  const bool totp = command.factor == UserRemoveFactor::Factor::totp;
  const auto& services = context.services;
  return change(
      context, command.user, totp ? "has no authenticator app any more" : "has no passkeys any more",
      [&](db::Tx& tx, UserId id) -> Result<User> {
        const auto removed = totp ? flow::accounts::remove_totp(tx, services, context.origin, id)
                                  : flow::accounts::remove_passkeys(tx, services, context.origin, id);
        if (removed.has_error()) return removed.error();
        return tx.run(users::find_user, context.origin.now, id).value();
      });
}

int execute(const UserDelete& command, Context& context) {
  return change(context, command.user, "is deleted",
                [&](db::Tx& tx, UserId id) { return flow::accounts::delete_user(tx, context.origin, id); });
}

}  // namespace latchkey::app::cli
