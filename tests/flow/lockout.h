// What the tests of lock-out share: an owner who signs in, and strangers who guess, each somewhere else.
#pragma once

#include "features/recovery/ask.h"
#include "features/recovery/mails.h"
#include "features/recovery/reset.h"
#include "flow/signin/attempts.h"
#include "flow/signin/devices.h"
#include "flow/world.h"
#include "store/devices.h"

namespace latchkey::flow {

using namespace std::chrono_literals;
namespace users = store::users;

inline const std::string owner = "a@example.org";
inline const std::string right = "correct horse battery";
inline const std::string home = "192.0.2.1";

class Lockout : public World {
 protected:
  Result<sessions::TokenPair> try_from(const std::string& where, const std::string& password,
                                       const std::string& email = owner) {
    address = where;
    return log_in(email, password);
  }
  /// A guess from an address that nobody had before. Nothing: it was looked at, and wrong.
  std::optional<Error> guess(const std::string& email = owner) {
    address = "203.0." + std::to_string(strangers_ / 250) + "." + std::to_string(strangers_ % 250);
    ++strangers_;
    const auto error = log_in(email, "a wrong one").error();
    return error.code == ErrorCode::invalid_credentials ? std::nullopt : std::optional(error);
  }
  /// Guesses until there is no more to wait for; answers how many were looked at.
  int guess_to_the_end(const std::string& email = owner) {
    int looked_at = 0;
    for (int i = 0; i < 110; ++i) {
      if (!guess(email).has_value()) ++looked_at;
      now += 1h;
    }
    return looked_at;
  }
  bool owner_gets_in(const std::string& where = home) { return try_from(where, right).has_value(); }
  users::Failures failures(const std::string& email = owner) {
    const auto found = database.run_now(users::find_credentials, email).value();
    return {found.failed_sign_ins, found.locked_until, found.password_closed_at};
  }
  std::vector<store::devices::Device> devices(UserId user) {
    return database.run_now(store::devices::list_devices_of, user);
  }
  int notices() {
    int count = 0;
    for (const auto& mail : waiting_mails()) count += mail.message == "password_closed" ? 1 : 0;
    return count;
  }
  /// As the owner does it with the mail, from `where`.
  void recover(const std::string& where, const std::string& password) {
    address = where;
    now += 1h;  // one mail a minute
    ASSERT_TRUE(wait(features::recovery::ask_for_reset(services, origin(), owner, "")).has_value());
    for (const auto& row : waiting_mails()) {
      if (row.message != "password_reset") continue;
      const auto links = features::recovery::make_reset_links(
          {.ring = keys.current()->ring(), .public_url = services.public_url, .settings = settings},
          {.id = row.id,
           .recipient = row.recipient,
           .parameters = mail::read_parameters(row.parameters).value(),
           .created_at = row.created_at,
           .account = database.run_now(users::find_contact_by_id, row.user_id)});
      const auto url = mail::value_of(links.value().values, "reset_url");
      features::recovery::Means means =
          features::recovery::ByLink{std::string(url.substr(url.rfind('/') + 1))};
      EXPECT_TRUE(
          wait(features::recovery::reset_password(services, origin(), std::move(means), Secret(password), ""))
              .has_value());
      return;
    }
    FAIL() << "no mail";
  }

 private:
  int strangers_ = 0;
};

}  // namespace latchkey::flow
