#include "mail/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace latchkey::mail {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr Timestamp now{Microseconds{1'769'846'400'000'000}};

TEST(MailSchedule, Z27BacksOffToAnHour) {
  const struct {
    std::int64_t tries;
    Seconds wait;
  } cases[] = {{1, Seconds{10}},
               {2, Seconds{30}},
               {3, minutes{1}},
               {4, minutes{2}},
               {5, minutes{5}},
               {6, minutes{10}},
               {7, minutes{30}},
               {8, hours{1}},
               {9, hours{1}},
               {1000, hours{1}},
               {0, Seconds{10}},
               {-5, Seconds{10}},
               {std::numeric_limits<std::int64_t>::min() + 1, Seconds{10}},
               {std::numeric_limits<std::int64_t>::max(), hours{1}}};
  for (const auto& [tries, wait] : cases) EXPECT_EQ(mail::backoff(tries), wait) << tries;
}

TEST(MailSchedule, JitterShortensByAFifthAtMost) {
  EXPECT_EQ(mail::next_try(now, 1, 0.0), now + Seconds{10});
  EXPECT_EQ(mail::next_try(now, 1, 0.5), now + Seconds{9});
  EXPECT_EQ(mail::next_try(now, 1, 1.0), now + Seconds{8});
  EXPECT_EQ(mail::next_try(now, 8, 1.0), now + minutes{48});
  EXPECT_EQ(mail::next_try(now, 1, 7.0), now + Seconds{8});
  EXPECT_EQ(mail::next_try(now, 1, -7.0), now + Seconds{10});
  EXPECT_EQ(mail::next_try(now, 1, std::nan("")), now + Seconds{10});
}

TEST(MailSchedule, PatienceIsADay) {
  EXPECT_FALSE(mail::is_given_up(now, now));
  EXPECT_FALSE(mail::is_given_up(now, now + hours{24} - Microseconds{1}));
  EXPECT_TRUE(mail::is_given_up(now, now + hours{24}));
  EXPECT_FALSE(mail::is_given_up(now, now - hours{48}));  // the clock was set back
}

}  // namespace
}  // namespace latchkey::mail
