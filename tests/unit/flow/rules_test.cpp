#include <gtest/gtest.h>

#include "flow/keys/rotation.h"
#include "flow/limits/backoff_table.h"

namespace latchkey::flow {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp start{1'800'000'000s};
constexpr Microseconds key_ttl = 90 * 24h;
constexpr Microseconds access_ttl = 15min;

store::signing_keys::Key key(std::int64_t sequence, Timestamp activates_at) {
  return {.kid = "k" + std::to_string(sequence),
          .sequence = sequence,
          .public_key = {},
          .sealed_private_key = {},
          .created_at = activates_at,
          .activates_at = activates_at};
}

keys::RotationPlan plan(const std::vector<store::signing_keys::Key>& keys, Timestamp now,
                        keys::RotationCause cause = keys::RotationCause::schedule) {
  return keys::plan_rotation(keys, now, key_ttl, access_ttl, cause);
}

TEST(PlanRotation, TheFirstKeySignsAtOnce) { EXPECT_EQ(plan({}, start).create_active_at, start); }

TEST(PlanRotation, AYoungKeyStays) {
  const auto result = plan({key(1, start)}, start + 80 * 24h);
  EXPECT_FALSE(result.create_active_at.has_value());
  EXPECT_TRUE(result.drop.empty());
}

TEST(PlanRotation, T17_TheSuccessorIsPublishedTenMinutesBeforeItSigns) {
  const Timestamp due = start + key_ttl - keys::key_publication_lead;
  EXPECT_FALSE(plan({key(1, start)}, due - 1s).create_active_at.has_value());
  EXPECT_EQ(plan({key(1, start)}, due).create_active_at, due + keys::key_publication_lead);
}

TEST(PlanRotation, AWaitingKeyIsNotDoubled) {
  const std::vector keys{key(1, start), key(2, start + key_ttl)};
  EXPECT_FALSE(plan(keys, start + key_ttl - 1min).create_active_at.has_value());
  EXPECT_FALSE(
      plan(keys, start + key_ttl - 1min, keys::RotationCause::operator_request).create_active_at.has_value());
}

TEST(PlanRotation, AnOperatorCanStartItNow) {
  EXPECT_EQ(plan({key(1, start)}, start + 1h, keys::RotationCause::operator_request).create_active_at,
            start + 1h + keys::key_publication_lead);
}

TEST(PlanRotation, T17_AKeyGoesOnceEveryTokenOfItHasExpired) {
  const std::vector keys{key(1, start), key(2, start + key_ttl)};
  const Timestamp stopped = start + key_ttl;
  EXPECT_TRUE(plan(keys, stopped + access_ttl).drop.empty());
  EXPECT_EQ(plan(keys, stopped + access_ttl + keys::jwks_max_age).drop, std::vector<std::string>{"k1"});
}

TEST(LockAfter, DoublesFromTheLimitOnUpToAnHour) {
  EXPECT_EQ(limits::lock_after(9, 10, 1min), std::nullopt);
  EXPECT_EQ(limits::lock_after(10, 10, 1min), 1min);
  EXPECT_EQ(limits::lock_after(11, 10, 1min), 2min);
  EXPECT_EQ(limits::lock_after(13, 10, 1min), 8min);
  EXPECT_EQ(limits::lock_after(16, 10, 1min), 1h);
  EXPECT_EQ(limits::lock_after(1'000'000, 10, 1min), 1h);
}

TEST(BackoffTable, L07_AreRefusedAsAccountsAre) {
  limits::BackoffTable unknown_addresses;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(unknown_addresses.reserve("a@x.org", start, 3, 1min), std::nullopt);
  EXPECT_EQ(unknown_addresses.reserve("a@x.org", start, 3, 1min), 1min);
  EXPECT_EQ(unknown_addresses.reserve("b@x.org", start, 3, 1min), std::nullopt)
      << "one address says nothing of another";
  EXPECT_EQ(unknown_addresses.reserve("a@x.org", start + 1min, 3, 1min), std::nullopt)
      << "the lock has passed";
  EXPECT_EQ(unknown_addresses.reserve("a@x.org", start + 1min, 3, 1min), 2min) << "and doubles";
}

TEST(BackoffTable, L20_TheLastAttemptClosesForGood) {
  limits::BackoffTable unknown_addresses;
  const auto reserve = [&](Timestamp at) { return unknown_addresses.reserve("a@x.org", at, 3, 1min, 5); };
  for (int i = 0; i < 5; ++i) EXPECT_EQ(reserve(start + i * 1h), std::nullopt);
  EXPECT_EQ(unknown_addresses.count("a@x.org"), 5);
  EXPECT_EQ(reserve(start + 4h), 1h);
  EXPECT_EQ(reserve(start + 1000h), 1h);
  EXPECT_EQ(unknown_addresses.count("a@x.org"), 5);
  EXPECT_EQ(unknown_addresses.count("b@x.org"), 0);
  unknown_addresses.give_back("a@x.org");
  EXPECT_EQ(reserve(start + 4h), std::nullopt) << "the last one was not looked at";
  EXPECT_EQ(reserve(start + 4h), 1h);
}

TEST(BackoffTable, AnAttemptThatWasNotLookedAtIsGivenBack) {
  limits::BackoffTable unknown_addresses;
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(unknown_addresses.reserve("a@x.org", start, 3, 1min), std::nullopt);
    unknown_addresses.give_back("a@x.org");
  }
  unknown_addresses.give_back("b@x.org");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(unknown_addresses.reserve("a@x.org", start, 3, 1min), std::nullopt);
  // The one that locked it.
  unknown_addresses.give_back("a@x.org");
  EXPECT_EQ(unknown_addresses.reserve("a@x.org", start, 3, 1min), std::nullopt);
  EXPECT_EQ(unknown_addresses.reserve("a@x.org", start, 3, 1min), 1min);
}

TEST(BackoffTable, RL05_ManyAddressesDoNotDriveOutTheWorst) {
  limits::BackoffTable unknown_addresses;
  for (int i = 0; i < 20; ++i) unknown_addresses.reserve("hot@x.org", start, 3, 1h);
  for (int i = 0; i < 200'000; ++i) unknown_addresses.reserve(std::to_string(i) + "@x.org", start, 3, 1min);
  EXPECT_TRUE(unknown_addresses.reserve("hot@x.org", start + 1min, 3, 1h).has_value());
}

}  // namespace
}  // namespace latchkey::flow
