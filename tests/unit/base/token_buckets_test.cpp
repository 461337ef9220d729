#include "base/token_buckets.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace latchkey {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp start{1'800'000'000s};
constexpr auto purpose = TokenBuckets::purpose_of("test");
constexpr Rate ten_in_a_minute{.count = 10, .per = 1min};

TokenBuckets::Name owner(std::uint64_t number) { return {.purpose = purpose, .owner = number}; }

/// How many tokens one after the other can be taken.
int take_all(TokenBuckets& buckets, const TokenBuckets::Name& name, const Rate& rate, Timestamp now) {
  int taken = 0;
  while (taken < 1000 && !buckets.take(name, rate, now)) ++taken;
  return taken;
}

TEST(TokenBuckets, GiveAsManyAtOnceAsTheyHoldAndThenAsManyAsFlowIn) {
  TokenBuckets buckets({1, 2});
  EXPECT_EQ(take_all(buckets, owner(1), ten_in_a_minute, start), 10);
  EXPECT_EQ(buckets.take(owner(1), ten_in_a_minute, start), 6s) << "until the next one";
  EXPECT_EQ(buckets.take(owner(1), ten_in_a_minute, start + 5s), 1s);
  EXPECT_EQ(take_all(buckets, owner(1), ten_in_a_minute, start + 6s), 1);
  EXPECT_EQ(take_all(buckets, owner(1), ten_in_a_minute, start + 36s), 5);
  EXPECT_EQ(take_all(buckets, owner(1), ten_in_a_minute, start + 24h), 10) << "and no more than they hold";
}

TEST(TokenBuckets, OneSaysNothingOfAnother) {
  TokenBuckets buckets({1, 2});
  EXPECT_EQ(take_all(buckets, owner(1), ten_in_a_minute, start), 10);
  EXPECT_EQ(take_all(buckets, owner(2), ten_in_a_minute, start), 10);
  const TokenBuckets::Name other{.purpose = TokenBuckets::purpose_of("other"), .owner = 1};
  EXPECT_EQ(take_all(buckets, other, ten_in_a_minute, start), 10);
}

TEST(TokenBuckets, LookingTakesNothingAndWhatIsGivenBackCanBeTakenAgain) {
  TokenBuckets buckets({1, 2});
  EXPECT_EQ(buckets.wait_for(owner(1), ten_in_a_minute, start), std::nullopt);
  buckets.give_back(owner(1), ten_in_a_minute);
  EXPECT_EQ(take_all(buckets, owner(1), ten_in_a_minute, start), 10);
  EXPECT_EQ(buckets.wait_for(owner(1), ten_in_a_minute, start), 6s);
  buckets.give_back(owner(1), ten_in_a_minute);
  EXPECT_EQ(buckets.wait_for(owner(1), ten_in_a_minute, start), std::nullopt);
  EXPECT_EQ(take_all(buckets, owner(1), ten_in_a_minute, start), 1);
}

TEST(TokenBuckets, F34_ATokenAheadOfItsTimeTellsHowLongThatIs) {
  TokenBuckets buckets({1, 2});
  const auto take = [&](Timestamp now) { return buckets.take_ahead(owner(1), ten_in_a_minute, 20s, now); };
  for (int i = 0; i < 10; ++i) EXPECT_EQ(take(start), 0s) << i;
  EXPECT_EQ(take(start), 6s);
  EXPECT_EQ(take(start), 12s);
  EXPECT_EQ(take(start), 18s);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(take(start), 20s) << "nobody is ahead by more";
  EXPECT_EQ(take(start + 20s), 6s);
  EXPECT_EQ(take(start + 24h), 0s);
  EXPECT_LE(take(start - 24h), 20s) << "a clock that steps back delays nobody for longer";
  EXPECT_EQ(buckets.take_ahead(owner(2), Rate{}, 20s, start), 0s);
}

TEST(TokenBuckets, ARateThatIsOffLimitsNothing) {
  TokenBuckets buckets({1, 2});
  EXPECT_EQ(take_all(buckets, owner(1), Rate{}, start), 1000);
  EXPECT_EQ(buckets.wait_for(owner(1), Rate{}, start), std::nullopt);
}

TEST(TokenBuckets, D11_AClockThatStepsBackDelaysNobodyForLong) {
  TokenBuckets buckets({1, 2});
  EXPECT_EQ(take_all(buckets, owner(1), ten_in_a_minute, start + 240h), 10);
  const auto wait = buckets.take(owner(1), ten_in_a_minute, start);
  ASSERT_TRUE(wait.has_value());
  EXPECT_LE(*wait, 1min);
}

TEST(TokenBuckets, RL05_MillionsOfNamesDoNotDriveOutThoseWhoTookMost) {
  TokenBuckets buckets({1, 2});
  constexpr Rate rate{.count = 100, .per = 1h};
  EXPECT_EQ(take_all(buckets, owner(1), rate, start), 100);
  for (std::uint64_t i = 2; i < 1'000'000; ++i) buckets.take(owner(i), rate, start);
  EXPECT_TRUE(buckets.take(owner(1), rate, start).has_value());
}

TEST(TokenBuckets, ManyThreadsTakeNoMoreThanThereIs) {
  TokenBuckets buckets({1, 2});
  constexpr Rate rate{.count = 1000, .per = 1h};
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 2000; ++j) {
        if (!buckets.take(owner(1), rate, start)) ++taken;
        buckets.take(owner(static_cast<std::uint64_t>(j)), rate, start);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  // Those of the second call for the same name count, too.
  EXPECT_GE(taken, 990);
  EXPECT_LE(taken, 1000);
}

}  // namespace
}  // namespace latchkey
