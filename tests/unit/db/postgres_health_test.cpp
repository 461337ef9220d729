#include "db/postgres/health.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

namespace latchkey::db {
namespace {

using std::chrono::milliseconds;

std::vector<milliseconds> pauses(postgres::PostgresBackoff& backoff, int count) {
  std::vector<milliseconds> result;
  for (int i = 0; i < count; ++i) result.push_back(backoff.next());
  return result;
}

TEST(PostgresBackoff, PausesGrowFromFiftyMillisecondsToASecondAndAreNoLessThanHalf) {
  for (int turn = 0; turn < 100; ++turn) {
    postgres::PostgresBackoff backoff;
    for (const milliseconds longest :
         {milliseconds{50}, milliseconds{100}, milliseconds{200}, milliseconds{400}, milliseconds{800},
          milliseconds{1000}, milliseconds{1000}, milliseconds{1000}}) {
      const auto pause = backoff.next();
      EXPECT_LE(pause, longest);
      EXPECT_GE(pause, longest / 2);
    }
    backoff.reset();
    EXPECT_LE(backoff.next(), milliseconds{50});
  }
}

TEST(PostgresBackoff, NoTwoThatBeginTogetherStayTogether) {
  std::vector<std::vector<milliseconds>> all;
  for (int i = 0; i < 20; ++i) {
    postgres::PostgresBackoff backoff;
    pauses(backoff, 5);
    all.push_back(pauses(backoff, 4));
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = i + 1; j < all.size(); ++j) EXPECT_NE(all[i], all[j]);
  }
  // Nor does one that stays alone keep a beat.
  postgres::PostgresBackoff backoff;
  pauses(backoff, 5);
  const auto late = pauses(backoff, 50);
  const auto [least, most] = std::ranges::minmax(late);
  EXPECT_GT(most - least, milliseconds{200});
}

TEST(PostgresHealth, ASilenceGoesOnUntilThereIsAWord) {
  postgres::PostgresHealth health;
  EXPECT_EQ(health.silence(), milliseconds{0});
  health.asked();
  std::this_thread::sleep_for(milliseconds{30});
  health.asked();  // by a new connection
  EXPECT_GE(health.silence(), milliseconds{30});
  EXPECT_FALSE(health.is_silent());
  std::this_thread::sleep_for(milliseconds{500});
  EXPECT_TRUE(health.is_silent());
  health.answered();
  EXPECT_FALSE(health.is_silent());
  EXPECT_EQ(health.silence(), milliseconds{0});
}

TEST(PostgresHealth, F05_WhereAnyConnectionOfTheGenerationIsAnsweredTheServerIsNotSilent) {
  postgres::PostgresHealth health;
  const auto begun = std::chrono::steady_clock::now();
  health.heard(health.generation());
  EXPECT_FALSE(health.has_heard_since(begun)) << "noted only while somebody waits";
  health.asked();
  std::this_thread::sleep_for(milliseconds{300});
  const auto later = std::chrono::steady_clock::now();
  health.heard(health.generation());
  EXPECT_TRUE(health.has_heard_since(later));
  std::this_thread::sleep_for(milliseconds{300});
  EXPECT_FALSE(health.is_silent());
  EXPECT_GE(health.silence(), milliseconds{600}) << "whoever asked has no word yet";
  std::this_thread::sleep_for(milliseconds{300});
  EXPECT_TRUE(health.is_silent());
  const auto old_generation = health.generation();
  health.end_generation(old_generation);
  health.heard(old_generation);
  EXPECT_TRUE(health.is_silent()) << "it may be another server";
}

TEST(PostgresHealth, OnlyWhatMustBeThereIsTrouble) {
  postgres::PostgresHealth health;
  postgres::PostgresHealth::Member monitor(health, postgres::PostgresHealth::Need::must);
  postgres::PostgresHealth::Member pipe(health, postgres::PostgresHealth::Need::may);
  pipe.down("too many clients");
  EXPECT_EQ(health.trouble(), std::nullopt);
  monitor.down("gone");
  monitor.down("still gone");
  pipe.down("too many clients");
  EXPECT_EQ(health.trouble(), "still gone");
  monitor.up();
  EXPECT_EQ(health.trouble(), std::nullopt);
  monitor.up();
  pipe.up();
  monitor.down("gone again");
  EXPECT_EQ(health.trouble(), "gone again");
}

}  // namespace
}  // namespace latchkey::db
