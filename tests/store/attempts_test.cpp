// store/attempts.h: failures are counted before a password is looked at, and forgotten by a right one.

#include "store/attempts.h"

#include "store/fixture.h"

namespace latchkey::store::test {
namespace {

class Attempts : public StoreTest {
 protected:
  std::optional<std::int64_t> reserve(UserId user, Timestamp at, std::int64_t limit = 3) {
    return database.run_now(attempts::reserve, limit, at + 60 * second, user, at);
  }
  std::int64_t version() { return credentials().security_version; }
  users::Credentials credentials() {
    return database.run_now(users::find_credentials, "a@example.com").value();
  }
};
LATCHKEY_ON_EVERY_DATABASE(Attempts);

TEST_P(Attempts, TheLimitLocksTheAccountForAWhile) {
  const UserId user = add("a@example.com");
  EXPECT_EQ(reserve(user, now), 1);
  EXPECT_EQ(reserve(user, now), 2);
  EXPECT_LE(credentials().locked_until, now);
  EXPECT_EQ(reserve(user, now), 3);
  EXPECT_EQ(credentials().locked_until, now + 60 * second);
  EXPECT_FALSE(reserve(user, now + 59 * second).has_value());
  EXPECT_EQ(credentials().failed_sign_ins, 3);
  EXPECT_EQ(reserve(user, now + 60 * second), 4);
  EXPECT_FALSE(reserve(user, now + 61 * second).has_value());
}

TEST_P(Attempts, L11ABurstCanNotPassTheLimit) {
  const UserId user = add("a@example.com");
  EXPECT_EQ(ask_at_once(12, [&](int) { return reserve(user, now).has_value(); }), 3);
}

TEST_P(Attempts, ARightPasswordForgetsThemUnlessTheAccountHasChanged) {
  const UserId user = add("a@example.com");
  for (int i = 0; i < 3; ++i) reserve(user, now);
  EXPECT_FALSE(database.run_now(attempts::forget, user, "another hash", 0).has_value());
  EXPECT_EQ(credentials().failed_sign_ins, 3);
  EXPECT_EQ(database.run_now(attempts::forget, user, "$hash$", version()).value().id, user);
  EXPECT_EQ(credentials().failed_sign_ins, 0);
  EXPECT_LE(credentials().locked_until, now);

  reserve(user, now);
  const auto before = version();
  database.run_now(users::update_role, Role::moderator, now, user);
  EXPECT_FALSE(database.run_now(attempts::forget, user, "$hash$", before).has_value());
  database.run_now(users::update_is_active, false, now, user);
  EXPECT_FALSE(database.run_now(attempts::forget, user, "$hash$", version()).has_value());
  EXPECT_EQ(credentials().failed_sign_ins, 1);
  EXPECT_EQ(database.run_now(attempts::forgive, user).rows, 1);
  EXPECT_EQ(credentials().failed_sign_ins, 0);
}

TEST_P(Attempts, AnAttemptThatWasNotLookedAtIsGivenBack) {
  const UserId user = add("a@example.com");
  for (int i = 0; i < 3; ++i) reserve(user, now);
  EXPECT_EQ(database.run_now(attempts::give_back, now, user).rows, 1);
  EXPECT_EQ(credentials().failed_sign_ins, 2);
  EXPECT_LE(credentials().locked_until, now);
  EXPECT_EQ(database.run_now(attempts::forget, user, "$hash$", version()).value().id, user);
  EXPECT_EQ(database.run_now(attempts::give_back, now, user).rows, 0);
  EXPECT_EQ(credentials().failed_sign_ins, 0);
}

TEST_P(Attempts, L16AHashIsReplacedOnlyWhileItIsTheOneThatWasChecked) {
  const UserId user = add("a@example.com");
  EXPECT_EQ(database.run_now(attempts::update_password_hash, "new", user, "older").rows, 0);
  EXPECT_EQ(credentials().password_hash, "$hash$");
  EXPECT_EQ(database.run_now(attempts::update_password_hash, "new", user, "$hash$").rows, 1);
  EXPECT_EQ(credentials().password_hash, "new");
}

}  // namespace
}  // namespace latchkey::store::test
