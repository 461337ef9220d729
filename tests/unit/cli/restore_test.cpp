#include <gtest/gtest.h>

#include <limits>

#include "app/cli/restore.h"

namespace latchkey::app::cli {
namespace {

constexpr Timestamp now = std::chrono::sys_days{std::chrono::January / 1 / 2026};

TEST(CliRestore, TheNextEpochFollowsEveryOneThatWasUsed) {
  EXPECT_EQ(next_epoch(0, 0, now), 1);
  EXPECT_EQ(next_epoch(0, 5, now), 6);
  EXPECT_EQ(next_epoch(5, 0, now), 6);
  EXPECT_EQ(next_epoch(5, 5, now), 6);
}

TEST(CliRestore, AnUnknownEpochIsPassedByTheClock) {
  EXPECT_EQ(next_epoch(0, std::nullopt, now), to_numeric_date(now));
  EXPECT_EQ(next_epoch(to_numeric_date(now) + 10, std::nullopt, now), to_numeric_date(now) + 11);
}

TEST(CliRestore, AnEpochWithoutASuccessorIsRefused) {
  constexpr auto last = std::numeric_limits<std::int64_t>::max();
  EXPECT_THROW(next_epoch(last, 0, now), std::runtime_error);
  EXPECT_THROW(next_epoch(last, std::nullopt, now), std::runtime_error);
  EXPECT_EQ(next_epoch(last - 1, 0, now), last);
}

}  // namespace
}  // namespace latchkey::app::cli
