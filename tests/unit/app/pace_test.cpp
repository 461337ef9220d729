#include "app/pace.h"

#include <gtest/gtest.h>

namespace latchkey::app {
namespace {

using namespace std::chrono_literals;

/// Pieces on a store that takes so long for a row, until their size stays.
std::int64_t settle(Pace& pace, Microseconds each, Microseconds commit) {
  for (int i = 0; i < 20; ++i) pace.note(pace.rows(), pace.rows() * each, pace.rows() * each + commit);
  return pace.rows();
}

TEST(Pace, F45_Z64_APieceKeepsTheStoreForAboutAMillisecondWhateverARowCosts) {
  Pace pace;
  EXPECT_EQ(settle(pace, 10us, 2ms), 100);
  EXPECT_EQ(settle(pace, 100us, 2ms), 10);
  EXPECT_EQ(settle(pace, 10ms, 2ms), 4) << "the least, or it would never be through";
  EXPECT_EQ(settle(pace, 1us, 2ms), 500) << "nor does a piece that costs little grow for ever";
}

TEST(Pace, F45_Z64_ATooBigPieceIsFollowedByASmallOneAndGrowthIsTriedOut) {
  Pace pace;
  settle(pace, 10us, 2ms);
  pace.note(100, 50ms, 55ms);  // the pages came from the disk
  EXPECT_LE(pace.rows(), 4);
  pace.note(4, 40us, 2ms);
  EXPECT_EQ(pace.rows(), 8);
}

TEST(Pace, F45_Z64_WhileOthersWritePiecesAreRareAndTheRarerTheLongerTheyKeepTheStore) {
  using enum Pace::Store;
  Pace pace;
  pace.note(100, 1ms, 3ms);
  EXPECT_EQ(pace.pause(busy), 300ms);
  EXPECT_EQ(pace.pause(idle), 12ms);
  pace.note(100, 3ms, 80ms);
  EXPECT_EQ(pace.pause(busy), 900ms);
  EXPECT_EQ(pace.pause(idle), 320ms);
  pace.note(100, 1h, 1h);
  EXPECT_EQ(pace.pause(busy), 2s);
  pace.note(0, 0us, 500us);
  EXPECT_EQ(pace.pause(busy), 10ms) << "it only read";
}

TEST(Pace, AStepThatWroteNothingChangesNoSize) {
  Pace pace;
  const auto before = pace.rows();
  pace.note(0, 0us, 3ms);
  EXPECT_EQ(pace.rows(), before);
}

}  // namespace
}  // namespace latchkey::app
