#include "base/cores.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

namespace latchkey {
namespace {

TEST(Cores, a_quota_is_rounded_up_to_whole_cores) {
  EXPECT_EQ(cores_of_quota("100000 100000"), 1U);
  EXPECT_EQ(cores_of_quota("100001 100000"), 2U);
  EXPECT_EQ(cores_of_quota("5000 100000"), 1U);
  EXPECT_EQ(cores_of_quota("6400000 100000"), 64U);
}

TEST(Cores, no_quota_and_what_can_not_be_read_limit_nothing) {
  for (const char* const text : {"max 100000", "", " ", "100000", "100000 ", "100000 0", "0 100000",
                                 "100000 x", "-1 100000", "99999999999999999999 1"}) {
    EXPECT_EQ(cores_of_quota(text), std::nullopt) << text;
  }
}

TEST(Cores, only_those_that_the_affinity_allows_count) {
  cpu_set_t all;
  ASSERT_EQ(::sched_getaffinity(0, sizeof all, &all), 0);
  EXPECT_GE(usable_cores(), 1U);
  EXPECT_LE(usable_cores(), static_cast<std::size_t>(CPU_COUNT(&all)));
  // Affinity belongs to a thread: this one's is narrowed to the first core that it has.
  std::size_t counted = 0;
  std::thread narrow{[&] {
    cpu_set_t one;
    CPU_ZERO(&one);
    for (int core = 0; core < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++core) {
      if (CPU_ISSET(core, &all)) CPU_SET(core, &one);
    }
    ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
    counted = usable_cores();
  }};
  narrow.join();
  EXPECT_EQ(counted, 1U);
}

}  // namespace
}  // namespace latchkey
