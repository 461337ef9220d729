// An owner who is signed in, and the mails that the owner gets.
#pragma once

#include <algorithm>

#include "features/email_change/ask.h"
#include "features/email_change/confirm.h"
#include "features/email_change/mails.h"
#include "features/email_change/undo.h"
#include "features/not_me/secure.h"
#include "features/password_change/change.h"
#include "features/password_change/choose.h"
#include "flow/accounts/notice.h"
#include "flow/sessions/authenticate.h"
#include "flow/sessions/open_session.h"
#include "flow/world.h"
#include "store/factors.h"
#include "store/passkeys.h"
#include "store/scheduled.h"
#include "store/totp.h"

namespace latchkey::flow {

namespace changes = features::email_change;
namespace users = store::users;

inline constexpr db::Statement<std::optional<std::int64_t>, UserId> count_sessions_of{
    "SELECT count(*) FROM sessions WHERE user_id = $1"};

class OwnerWorld : public World {
 protected:
  const std::string mine = "ada@example.org";
  const std::string next = "ada@new.example";
  const std::string password = "correct horse battery";

  users::Contact contact(UserId id) { return database.run_now(users::find_contact_by_id, id).value(); }
  users::Credentials credentials(UserId id) {
    return database.run_now(users::find_credentials_by_id, id).value();
  }
  store::factors::Steps steps(UserId id) { return database.run_now(store::factors::find_steps, id).value(); }
  std::int64_t sessions(UserId id) { return database.run_now(count_sessions_of, id).value(); }

  sessions::Caller signed_in(const std::string& email) {
    const auto tokens = log_in(email, password).value();
    return wait(flow::sessions::authenticate(services, now, tokens.access_token)).value();
  }
  /// Signed in by a passkey.
  sessions::Caller with_passkey(UserId id) {
    const auto pair = flow::sessions::make_token_pair(services, open_session(id, 5), now);
    return wait(flow::sessions::authenticate(services, now, pair.access_token)).value();
  }
  /// A passkey that signs in by itself nowhere: enough to be one.
  void add_passkey(UserId id, std::uint8_t name, const std::string& rp_id = "localhost",
                   bool is_user_verifying = true) {
    auto work = [&](db::Tx& tx) {
      tx.run(store::factors::raise_version, now, id);
      tx.run(store::passkeys::insert_passkey, Bytes{name}, id, Bytes{1}, std::int64_t{0}, Bytes{2},
             std::string(), std::string("key"), rp_id, is_user_verifying, false, false, now);
      tx.run(store::factors::update_mark, id);
    };
    database.write_now(work);
  }
  std::int64_t passkeys(UserId id) { return database.run_now(store::passkeys::count_passkeys, id).value(); }

  /// The mail of a message that was queued last to an address.
  std::optional<store::mails::Mail> mail(std::string_view message, const std::string& recipient) {
    std::optional<store::mails::Mail> found;
    for (auto& row : waiting_mails()) {
      if (row.message == message && row.recipient == recipient &&
          (!found.has_value() || row.created_at > found->created_at))
        found = std::move(row);
    }
    return found;
  }
  /// What the mail thread makes of a mail, now.
  mail::Values made(const store::mails::Mail& row, mail::MakeLinks make) {
    const auto links =
        make({.ring = keys.current()->ring(), .public_url = services.public_url, .settings = settings},
             {.id = row.id,
              .recipient = row.recipient,
              .parameters = mail::read_parameters(row.parameters).value(),
              .created_at = row.created_at,
              .now = now,
              .account = database.run_now(users::find_contact_by_id, row.user_id)});
    return links.has_value() ? links->values : mail::Values{};
  }
  std::string token(std::string_view message, const std::string& recipient, mail::MakeLinks make,
                    std::string_view variable) {
    const auto row = mail(message, recipient);
    if (!row.has_value()) return "";
    const auto values = made(*row, make);
    const auto url = mail::value_of(values, variable);
    return std::string(url.substr(url.rfind('/') + 1));
  }
  std::string change_token(const std::string& recipient) {
    return token("email_change", recipient, changes::make_change_links, "change_url");
  }
  std::string undo_token(const std::string& recipient) {
    return token("email_changed", recipient, changes::make_undo_links, "undo_url");
  }
  std::string not_me_token(std::string_view message, const std::string& recipient) {
    return token(message, recipient, accounts::make_not_me_links, "not_me_url");
  }

  Result<std::string> ask(const sessions::Caller& caller, const std::string& email, bool keep = false) {
    return wait(changes::ask_for_change(services, origin(), caller,
                                        {.email = email, .keep_sessions = keep, .language = ""}));
  }
  Result<> confirm_link(const std::string& token) {
    auto proved = wait(changes::look_at_change(services, origin(), token));
    if (proved.has_error()) return proved.error();
    return wait(changes::confirm_change(services, origin(), *proved, ""));
  }
  Result<> confirm_code(const std::string& handle, const std::string& code) {
    auto proved = wait(changes::try_change_code(services, origin(), handle, code));
    if (proved.has_error()) return proved.error();
    return wait(changes::confirm_change(services, origin(), *proved, ""));
  }
  Result<> undo(const std::string& token) {
    return wait(changes::undo_change(services, origin(), token, ""));
  }
  Result<> not_me(const std::string& token) {
    return wait(features::not_me::secure_account(services, origin(), token, ""));
  }
  /// A member whose address was changed from `mine` to `next`.
  UserId moved() {
    const UserId id = member(mine);
    const auto caller = signed_in(mine);
    EXPECT_TRUE(ask(caller, next).has_value());
    EXPECT_TRUE(confirm_link(change_token(next)).has_value());
    return id;
  }
  template <class T>
  static ErrorCode code(const Result<T>& result) {
    return result.has_error() ? result.error().code : ErrorCode::internal;
  }

  /// Runs so many of a flow at once; answers how many succeeded.
  template <class Begin>
  int race(int count, Begin begin) {
    int answered = 0;
    int won = 0;
    auto one = [&](int i) -> Task<void> {
      const bool succeeded = co_await begin(i);
      won += succeeded ? 1 : 0;
      ++answered;
    };
    for (int i = 0; i < count; ++i) asio::co_spawn(io, one(i), asio::detached);
    io.restart();
    while (answered < count && io.run_one() > 0) continue;
    return won;
  }
};

}  // namespace latchkey::flow
