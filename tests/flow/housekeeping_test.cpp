// app/housekeeping.h: the order in which sweeps take their turns.

#include "app/housekeeping.h"

#include "app/features.h"
#include "crypto/random.h"
#include "flow/world.h"
#include "store/sessions.h"

namespace latchkey::flow {
namespace {

using namespace std::chrono_literals;

/// What the sweeps of these tests have done, in order: functions without state need a place to write to.
std::string& steps() {
  static std::string text;
  return text;
}

/// As if ever so much were there to remove.
template <char name, int count>
Swept take_steps(Services&, const Origin&, std::string_view position, std::int64_t) {
  steps() += name;
  const int taken = position.empty() ? 1 : std::stoi(std::string(position)) + 1;
  Swept swept{.removed = 1};
  if (taken < count) swept.continue_at = std::to_string(taken);
  return swept;
}
Swept fail(Services&, const Origin&, std::string_view, std::int64_t) {
  steps() += '!';
  throw std::runtime_error("no such table");
}

class HousekeepingTurns : public World {
 protected:
  HousekeepingTurns() { steps().clear(); }
  Clock clock;
};
LATCHKEY_ON_EVERY_DATABASE(HousekeepingTurns);

TEST_P(HousekeepingTurns, F45_Z64_NoSweepWaitsForAnotherToBeThrough) {
  constexpr Sweep sweeps[] = {{.name = "a", .step = take_steps<'a', 5>},
                              {.name = "b", .step = take_steps<'b', 2>}};
  app::Housekeeping housekeeping(services, clock, sweeps);
  EXPECT_EQ(housekeeping.sweep(now), 7);
  EXPECT_EQ(steps(), "ababaaa");
}

TEST_P(HousekeepingTurns, F45_Z64_OneTableThatFailsKeepsNoOtherFromShrinking) {
  constexpr Sweep sweeps[] = {{.name = "broken", .step = fail}, {.name = "b", .step = take_steps<'b', 3>}};
  app::Housekeeping housekeeping(services, clock, sweeps);
  EXPECT_EQ(housekeeping.sweep(now), 3);
  EXPECT_EQ(steps(), "!bbb");
  EXPECT_EQ(housekeeping.sweep(now), 3) << "and it is tried again";
  EXPECT_EQ(steps(), "!bbb!bbb");
}

TEST_P(HousekeepingTurns, F45_Z64_AStopEndsASweepBetweenTwoSteps) {
  constexpr Sweep sweeps[] = {{.name = "a", .step = take_steps<'a', 1'000'000>}};
  app::Housekeeping housekeeping(services, clock, sweeps);
  housekeeping.stop();
  EXPECT_EQ(housekeeping.sweep(now), 1);
}

/// More than one look at the table takes, the dead between the living.
TEST_P(HousekeepingTurns, F45_Z64_AllDeadSessionsGoHoweverSmallThePiecesAndNoOther) {
  const auto user = member("a@example.org");
  const auto alive = log_in("a@example.org").value();
  const auto open = [&](db::Tx& tx) {
    for (int i = 0; i < 5000; ++i) {
      const auto end = i % 3 == 0 ? now + 24h : now - 1s;
      store::sessions::insert_session(tx, {.id = crypto::new_session_id(),
                                           .user_id = user,
                                           .now = now - 24h,
                                           .idle_expires_at = end,
                                           .expires_at = now + 24h,
                                           .address = "",
                                           .user_agent = ""});
    }
  };
  database.write_now(open);
  app::Housekeeping housekeeping(services, clock, app::sweeps());
  EXPECT_EQ(housekeeping.sweep(now), 3333);
  EXPECT_EQ(housekeeping.sweep(now), 0);
  EXPECT_TRUE(refresh(alive.refresh_token).has_value());
}

}  // namespace
}  // namespace latchkey::flow
