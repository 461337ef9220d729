#include "flow/sessions/rules.h"

#include <gtest/gtest.h>

namespace latchkey::flow {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp rotated{1'800'000'000s};

store::sessions::Line line_at(std::int64_t generation) {
  return {.user_id = UserId{1},
          .subject = {},
          .role = Role::user,
          .is_active = true,
          .generation = generation,
          .rotated_at = rotated,
          .idle_expires_at = rotated + 7 * 24h,
          .expires_at = rotated + 20 * 24h};
}

crypto::jose::RefreshClaims token_of(std::int64_t generation, Timestamp made = rotated) {
  return {.sid = {},
          .generation = generation,
          .iat = to_numeric_date(made),
          .exp = to_numeric_date(made + 7 * 24h)};
}

struct Case {
  const char* name;
  std::int64_t line_generation;
  crypto::jose::RefreshClaims token;
  Microseconds since_rotation;
  sessions::RefreshVerdict expected;
};

class DecideRefresh : public testing::TestWithParam<Case> {};

TEST_P(DecideRefresh, Table) {
  const auto& c = GetParam();
  EXPECT_EQ(sessions::decide_refresh(line_at(c.line_generation), c.token, rotated + c.since_rotation, 10s),
            c.expected);
}

INSTANTIATE_TEST_SUITE_P(
    Rules, DecideRefresh,
    testing::Values(
        Case{"the_current_generation_moves_on", 5, token_of(5), 1h, sessions::RefreshVerdict::rotate},
        Case{"the_first_generation_moves_on", 0, token_of(0), 0s, sessions::RefreshVerdict::rotate},
        Case{"R05_one_late_inside_the_grace_repeats", 5, token_of(4, rotated - 1h), 3s,
             sessions::RefreshVerdict::repeat},
        Case{"R05_one_late_at_the_end_of_the_grace_repeats", 5, token_of(4), 10s,
             sessions::RefreshVerdict::repeat},
        Case{"R02_one_late_after_the_grace_ends", 5, token_of(4), 10s + 1us, sessions::RefreshVerdict::end},
        Case{"R02_two_late_ends_even_inside_the_grace", 5, token_of(3), 0s, sessions::RefreshVerdict::end},
        Case{"ahead_ends", 5, token_of(6), 1s, sessions::RefreshVerdict::end},
        Case{"the_same_generation_of_another_moment_ends", 5, token_of(5, rotated + 2s), 5s,
             sessions::RefreshVerdict::end},
        Case{"a_clock_that_stepped_back_is_no_time", 5, token_of(4), -1h, sessions::RefreshVerdict::repeat},
        Case{"R09_idle_for_too_long_is_dead", 5, token_of(5), 7 * 24h, sessions::RefreshVerdict::dead},
        Case{"R09_a_moment_before_the_idle_limit_lives", 5, token_of(5), 7 * 24h - 1us,
             sessions::RefreshVerdict::rotate}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(DecideRefresh, R09_PastTheAbsoluteLimitIsDead) {
  auto line = line_at(5);
  line.idle_expires_at = rotated + 40 * 24h;
  EXPECT_EQ(sessions::decide_refresh(line, token_of(5), rotated + 20 * 24h, 10s),
            sessions::RefreshVerdict::dead);
}

TEST(DecideRefresh, NoRowIsDead) {
  EXPECT_EQ(sessions::decide_refresh(std::nullopt, token_of(0), rotated, 10s),
            sessions::RefreshVerdict::dead);
}

TEST(DecideRefresh, R11_ABlockedUserIsDead) {
  auto line = line_at(5);
  line.is_active = false;
  EXPECT_EQ(sessions::decide_refresh(line, token_of(5), rotated, 10s), sessions::RefreshVerdict::dead);
}

}  // namespace
}  // namespace latchkey::flow
