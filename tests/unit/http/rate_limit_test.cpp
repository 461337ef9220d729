#include "http/rate_limit.h"

#include <gtest/gtest.h>

#include <string>

namespace latchkey::http::rate_limit_test {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp start{1'800'000'000s};

class HttpRateLimit : public testing::Test {
 protected:
  /// How many requests from that address pass, one after the other.
  int passed(const std::string& address, Timestamp now = start) {
    int count = 0;
    while (count < 1000 && !refuse_by_rate(limit, address, now)) ++count;
    return count;
  }

  TokenBuckets buckets{{1, 2}};
  metrics::Counter of_client;
  metrics::Counter of_all;
  RateLimit limit{.name = "test",
                  .buckets = &buckets,
                  .client = {.count = 5, .per = 1min},
                  .of_client = &of_client,
                  .of_all = &of_all};
};

TEST_F(HttpRateLimit, RefusesWithTheSecondsToWait) {
  EXPECT_EQ(passed("192.0.2.1"), 5);
  const auto refusal = refuse_by_rate(limit, "192.0.2.1", start);
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->code, ErrorCode::too_many_requests);
  EXPECT_EQ(refusal->retry_after, 12s);
  EXPECT_EQ(refuse_by_rate(limit, "192.0.2.1", start + 11900ms)->retry_after, 1s) << "never zero";
  EXPECT_EQ(passed("192.0.2.1", start + 12s), 1);
  EXPECT_GE(of_client.value(), 3U);
  EXPECT_EQ(of_all.value(), 0U);
}

TEST_F(HttpRateLimit, CountsClientsByTheirNetwork) {
  EXPECT_EQ(passed("192.0.2.1"), 5);
  EXPECT_EQ(passed("192.0.2.2"), 5) << "IPv4 by the address";
  EXPECT_EQ(passed("::ffff:192.0.2.1"), 0) << "an IPv4-mapped address is its IPv4 address";
  EXPECT_EQ(passed("2001:db8:1:1::1"), 5);
  EXPECT_EQ(passed("2001:db8:1:1:ffff::2"), 0) << "IPv6 by 64 bits";
  EXPECT_EQ(passed("::c000:202"), 5) << "an IPv6 network whose number is that of an IPv4 address";
}

TEST_F(HttpRateLimit, AnIPv6SiteHasRoomForFourNetworksOfIt) {
  int all = 0;
  for (int i = 0; i < 100; ++i) all += passed("2001:db8:1:" + std::to_string(i) + "::1");
  EXPECT_EQ(all, 20);
  EXPECT_EQ(passed("2001:db8:2:1::1"), 5) << "the neighbour's site";
}

TEST_F(HttpRateLimit, AllTogetherHaveALimitToo) {
  limit.total = {.count = 8, .per = 1min};
  EXPECT_EQ(passed("192.0.2.1"), 5);
  EXPECT_EQ(passed("192.0.2.2"), 3);
  EXPECT_EQ(of_all.value(), 1U);
  EXPECT_EQ(passed("192.0.2.3"), 0);
}

TEST_F(HttpRateLimit, WithoutBucketsOrRatesItLimitsNothing) {
  limit.client = {};
  EXPECT_EQ(passed("192.0.2.1"), 1000);
  limit = {};
  EXPECT_EQ(passed("192.0.2.1"), 1000);
}

}  // namespace
}  // namespace latchkey::http::rate_limit_test
