// flow/signin/devices.h: where an account was used before.

#include <algorithm>

#include "app/features.h"
#include "app/housekeeping.h"
#include "flow/lockout.h"

namespace latchkey::flow {
namespace {

constexpr db::Statement<std::optional<std::int64_t>> count_devices{"SELECT count(*) FROM devices"};
constexpr db::Statement<std::optional<std::string>> last_detail{
    "SELECT event || ' ' || result || ' ' || detail FROM audit ORDER BY id DESC LIMIT 1"};

class Devices : public Lockout {};
LATCHKEY_ON_EVERY_DATABASE(Devices);

TEST_P(Devices, L01_WhatIsKnownOfTheDeviceShowsNowhereElse) {
  // The same for whoever is elsewhere: an account that knows no device, and one that knows many.
  member("a@example.org");
  member("b@example.org");
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(try_from("198.51.100." + std::to_string(i), right, "b@example.org"));
  for (int i = 0; i < 15; ++i) {
    const auto one = guess("a@example.org");
    const auto other = guess("b@example.org");
    ASSERT_EQ(one.has_value(), other.has_value());
    if (one.has_value()) {
      ASSERT_EQ(one->retry_after, other->retry_after);
    }
  }
}

TEST_P(Devices, TheAuditSaysWhetherTheDeviceWasKnown) {
  member(owner);
  guess();
  EXPECT_EQ(database.run_now(last_detail), "sign_in invalid_credentials unknown device");
  try_from(home, "a wrong one").error();
  EXPECT_EQ(database.run_now(last_detail), "sign_in invalid_credentials known device");
  ASSERT_TRUE(owner_gets_in("198.51.100.1"));
  EXPECT_EQ(database.run_now(last_detail), "sign_in ok unknown device");
  ASSERT_TRUE(owner_gets_in("198.51.100.1"));
  EXPECT_EQ(database.run_now(last_detail), "sign_in ok known device");
  for (int i = 0; i < 11; ++i) guess();
  EXPECT_EQ(database.run_now(last_detail), "sign_in too_many_attempts unknown device");
}

TEST_P(Devices, ADeviceIsANetworkOfOneAccount) {
  member(owner);
  member("b@example.org");
  ASSERT_TRUE(owner_gets_in("2001:db8:1:2::1"));
  const auto known = [&](const std::string& where, const std::string& email = owner) {
    const auto subject = database.run_now(users::find_credentials, email)->subject;
    return wait(signin::find_device(services, ClientNetwork::of(where), subject)).known.has_value();
  };
  EXPECT_TRUE(known("2001:db8:1:2:3:4:5:6"));
  EXPECT_FALSE(known("2001:db8:1:3::1"));
  EXPECT_FALSE(known("2001:db8:1:2::1", "b@example.org"));
  EXPECT_TRUE(known("::ffff:192.0.2.1"));
  EXPECT_FALSE(known("192.0.2.2"));
  EXPECT_FALSE(wait(signin::find_device(services, ClientNetwork::of(home), Subject{})).known.has_value());
}

TEST_P(Devices, AnAccountKnowsTwentyDevicesForFourHundredDays) {
  const Timestamp start = now;
  const UserId user = member(owner);
  for (int i = 0; i < 30; ++i) {
    now += 1min;
    ASSERT_TRUE(owner_gets_in("198.51.100." + std::to_string(i)));
    if (i == 15) {
      now += 1s;
      ASSERT_TRUE(owner_gets_in());
    }
  }
  const auto known = devices(user);
  ASSERT_EQ(known.size(), 20U);
  EXPECT_EQ(known.front().last_seen_at, now);
  EXPECT_TRUE(std::ranges::any_of(known, [&](const auto& device) { return device.first_seen_at == start; }))
      << "the twenty that were seen last, whenever they were seen first";
  member("b@example.org");
  Clock clock;
  app::Housekeeping housekeeping(services, clock, app::sweeps());
  now += signin::device_ttl - 1min;
  housekeeping.sweep(now);
  EXPECT_EQ(devices(user).size(), 1U);
  EXPECT_EQ(database.run_now(count_devices), 2);
  now += 1min;
  housekeeping.sweep(now);
  EXPECT_EQ(database.run_now(count_devices), 0);
}

TEST_P(Devices, WhereNothingIsCountedAKnownDeviceIsWrittenOnceADay) {
  settings.limits.enabled = false;
  const UserId user = member(owner);
  const auto seen = [&] { return devices(user).front().last_seen_at; };
  const auto first = seen();
  now += 24h - 1s;
  ASSERT_TRUE(owner_gets_in());
  EXPECT_EQ(seen(), first);
  now += 1s;
  ASSERT_TRUE(owner_gets_in());
  EXPECT_EQ(seen(), now);
}

TEST_P(Devices, AnotherMasterSecretOrARestoreForgetsNoDevice) {
  const UserId user = member(owner);
  const Secret first("0123456789abcdef0123456789abcdef");
  const auto subject = database.run_now(users::find_credentials, owner)->subject;
  const auto before = devices(user).front().id;
  const crypto::Keyring restored(first, {}, 7);
  EXPECT_EQ(signin::device_id(restored, subject, ClientNetwork::of(home)), before);

  std::vector<Secret> previous;
  previous.push_back(first.copy());
  keys::Keys next(database, Secret("fedcba9876543210fedcba9876543210"), std::move(previous));
  next.reload();
  Services later = services_with(next);
  EXPECT_TRUE(wait(signin::find_device(later, ClientNetwork::of(home), subject)).known.has_value());
  ASSERT_TRUE(wait(features::password::log_in(later, origin(), {.email = owner, .password = Secret(right)})));
  ASSERT_EQ(devices(user).size(), 1U);
  EXPECT_NE(devices(user).front().id, before) << "named under the new one from now on";
  EXPECT_TRUE(wait(signin::find_device(later, ClientNetwork::of(home), subject)).known.has_value());
  EXPECT_FALSE(wait(signin::find_device(services, ClientNetwork::of(home), subject)).known.has_value());
}

TEST_P(Devices, AStrangerWhoSignedUpFirstLeavesNoDevice) {
  const auto stranger = sign_up(owner).value().user;
  auto plant = [&](db::Tx& tx) { signin::remember_device(tx, stranger.id, DeviceId{}, now); };
  database.write_now(plant);
  recover("198.51.100.1", "another rather long one");
  ASSERT_EQ(devices(stranger.id).size(), 1U);
  EXPECT_NE(devices(stranger.id).front().id, DeviceId{});
}

}  // namespace
}  // namespace latchkey::flow
