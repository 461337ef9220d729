// store/attempts.h: failures are counted before a password is looked at, and forgotten by a right one.

#include "store/attempts.h"

#include "store/devices.h"

#include "store/fixture.h"

namespace latchkey::store::test {
namespace {

class Attempts : public StoreTest {
 protected:
  std::optional<std::int64_t> reserve(UserId user, Timestamp at, std::int64_t limit = 3) {
    return database.run_now(attempts::reserve, limit, at + 60 * second, user, at);
  }
  static DeviceId new_device() { return {crypto::random_array<16>()}; }
  DeviceId know(UserId user, Timestamp at) {
    const DeviceId id = new_device();
    EXPECT_EQ(database.run_now(devices::insert_device, id, user, at).rows, 1);
    return id;
  }
  std::optional<std::int64_t> reserve_of(const DeviceId& device) { return reserve_of(device, now); }
  std::optional<std::int64_t> reserve_of(const DeviceId& device, Timestamp at) {
    return database.run_now(attempts::reserve_of_device, std::int64_t{3}, at + 60 * second, device, at);
  }
  std::optional<devices::Device> find_device(const DeviceId& id) {
    return database.run_now(devices::find_device, id);
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
  EXPECT_FALSE(database.run_now(attempts::forget, now, user, "another hash", 0).has_value());
  EXPECT_EQ(credentials().failed_sign_ins, 3);
  EXPECT_EQ(database.run_now(attempts::forget, now, user, "$hash$", version()).value().id, user);
  EXPECT_EQ(credentials().failed_sign_ins, 0);
  EXPECT_LE(credentials().locked_until, now);

  reserve(user, now);
  const auto before = version();
  database.run_now(users::update_role, Role::moderator, now, user);
  EXPECT_FALSE(database.run_now(attempts::forget, now, user, "$hash$", before).has_value());
  database.run_now(users::update_is_active, false, now, user);
  EXPECT_FALSE(database.run_now(attempts::forget, now, user, "$hash$", version()).has_value());
  EXPECT_EQ(credentials().failed_sign_ins, 1);
  EXPECT_EQ(database.run_now(attempts::forgive, user).rows, 1);
  EXPECT_EQ(credentials().failed_sign_ins, 0);
}

TEST_P(Attempts, ARightPasswordFromAKnownDeviceLeavesWhatOthersFailed) {
  const UserId user = add("a@example.com");
  for (int i = 0; i < 3; ++i) reserve(user, now);
  EXPECT_FALSE(database.run_now(attempts::keep, now, user, "another hash", 0).has_value());
  EXPECT_FALSE(database.run_now(attempts::keep, now, user, "$hash$", version() + 1).has_value());
  EXPECT_EQ(database.run_now(attempts::keep, now, user, "$hash$", version()).value().id, user);
  EXPECT_EQ(credentials().failed_sign_ins, 3);
  EXPECT_GT(credentials().locked_until, now);
  database.run_now(users::update_is_active, false, now, user);
  EXPECT_FALSE(database.run_now(attempts::keep, now, user, "$hash$", version()).has_value());
}

TEST_P(Attempts, L11OfManyThatFailAsTheLastOneOneCloses) {
  const UserId user = add("a@example.com");
  const DeviceId device = know(user, now);
  for (int i = 0; i < 3; ++i) {
    reserve(user, now);
    reserve_of(device);
  }
  const auto close = [&](int) {
    return database.run_now(attempts::close, now, user, std::int64_t{3}).has_value();
  };
  EXPECT_FALSE(database.run_now(attempts::close, now, user, std::int64_t{4}).has_value());
  EXPECT_EQ(ask_at_once(12, close), 1);
  EXPECT_EQ(credentials().password_closed_at, now);
  EXPECT_FALSE(reserve(user, now + hour).has_value()) << "no time opens it";
  EXPECT_EQ(credentials().failed_sign_ins, 3);
  EXPECT_EQ(find_device(device)->closed_at, Timestamp{}) << "a known device is no unknown one";

  const auto close_to_device = [&](int) {
    return database.run_now(attempts::close_to_device, now, device, std::int64_t{3}) == user;
  };
  EXPECT_EQ(ask_at_once(12, close_to_device), 1);
  EXPECT_FALSE(reserve_of(device, now + hour).has_value());

  EXPECT_EQ(database.run_now(attempts::open_again, user).rows, 1);
  EXPECT_EQ(reserve(user, now), 1);
  EXPECT_EQ(find_device(device)->closed_at, now);
  EXPECT_EQ(database.run_now(attempts::open_to_devices_again, user).rows, 1);
  EXPECT_EQ(reserve_of(device), 1);
}

TEST_P(Attempts, ADeviceIsCountedAsAnAccountIs) {
  const UserId user = add("a@example.com");
  const DeviceId device = know(user, now);
  EXPECT_EQ(ask_at_once(12, [&](int) { return reserve_of(device).has_value(); }), 3);
  EXPECT_EQ(find_device(device)->locked_until, now + 60 * second);
  EXPECT_EQ(database.run_now(attempts::give_back_to_device, now, device).rows, 1);
  EXPECT_EQ(find_device(device)->failed_sign_ins, 2);
  EXPECT_LE(find_device(device)->locked_until, now);
  EXPECT_EQ(database.run_now(attempts::forgive_device, device).rows, 1);
  EXPECT_EQ(find_device(device)->failed_sign_ins, 0);
  EXPECT_EQ(find_device(device)->last_seen_at, now) << "whoever may not sign in was not seen";
  reserve_of(device);
  EXPECT_EQ(database.run_now(devices::update_seen, now + hour, device).rows, 1);
  EXPECT_EQ(find_device(device)->failed_sign_ins, 0);
  EXPECT_EQ(find_device(device)->last_seen_at, now + hour);
  EXPECT_EQ(find_device(device)->first_seen_at, now);
  EXPECT_EQ(credentials().failed_sign_ins, 0);
  EXPECT_FALSE(reserve_of(new_device()).has_value()) << "none that nobody knows";
}

TEST_P(Attempts, AnAccountKeepsTheDevicesThatWereSeenLast) {
  const UserId user = add("a@example.com");
  const UserId other = add("b@example.com");
  know(other, now);
  for (int i = 1; i <= 5; ++i) know(user, now + i * second);
  const auto twice = know(user, now + 6 * second);
  EXPECT_EQ(database.run_now(devices::insert_device, twice, user, now + hour).rows, 0);
  EXPECT_EQ(database.run_now(devices::delete_surplus, user, std::int64_t{4}).rows, 2);
  const auto left = database.run_now(devices::list_devices_of, user);
  ASSERT_EQ(left.size(), 4U);
  EXPECT_EQ(left.front().id, twice);
  EXPECT_EQ(left.back().last_seen_at, now + 3 * second);
  const auto walked = database.run_now(devices::list_walked, now + 3 * second, DeviceId{}, std::int64_t{10});
  ASSERT_EQ(walked.size(), 5U);
  EXPECT_EQ(std::ranges::count_if(walked, &devices::Walked::has_expired), 2);
  EXPECT_EQ(
      database.run_now(devices::delete_unseen_between, DeviceId{}, walked.back().id, now + 3 * second).rows,
      2);
  EXPECT_EQ(database.run_now(devices::delete_device, twice).rows, 1);
  database.run_now(users::delete_user, user);
  EXPECT_TRUE(database.run_now(devices::list_walked, now, DeviceId{}, std::int64_t{10}).empty());
}

TEST_P(Attempts, AnAttemptThatWasNotLookedAtIsGivenBack) {
  const UserId user = add("a@example.com");
  for (int i = 0; i < 3; ++i) reserve(user, now);
  EXPECT_EQ(database.run_now(attempts::give_back, now, user).rows, 1);
  EXPECT_EQ(credentials().failed_sign_ins, 2);
  EXPECT_LE(credentials().locked_until, now);
  EXPECT_EQ(database.run_now(attempts::forget, now, user, "$hash$", version()).value().id, user);
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
