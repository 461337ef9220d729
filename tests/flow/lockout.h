// What the tests of lock-out share: an owner who signs in, and strangers who guess, each somewhere else.
#pragma once

#include "flow/accounts/change_password.h"
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
  /// A new password that the owner sets from `where`, as a link or a code of a mail allows (links/prove.h).
  void recover(const std::string& where, const std::string& password) {
    address = where;
    now += 1h;
    const auto contact = database.run_now(users::find_contact, owner).value();
    const auto client = ClientNetwork::of(where);
    const auto hash = wait(services.hashing.hash(client, Secret(std::string_view(password)))).value();
    const auto device = signin::device_id(keys.current()->ring(), contact.subject, client);
    auto work = [&](db::Tx& tx) {
      return accounts::change_password_by_mail(tx, origin(), contact, hash, device).has_value();
    };
    ASSERT_TRUE(database.write_now(work));
  }

 private:
  int strangers_ = 0;
};

}  // namespace latchkey::flow
