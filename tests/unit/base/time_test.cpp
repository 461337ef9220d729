#include "base/time.h"

#include <gtest/gtest.h>

#include <limits>

namespace latchkey {
namespace {

Timestamp at(std::int64_t microseconds) { return Timestamp{Microseconds{microseconds}}; }

TEST(Time, FormatsRfc3339) {
  EXPECT_EQ(format_rfc3339(at(0)), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(format_rfc3339(at(1)), "1970-01-01T00:00:00.000001Z");
  EXPECT_EQ(format_rfc3339(at(-1)), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(format_rfc3339(at(951'827'696'000'007)), "2000-02-29T12:34:56.000007Z");
  EXPECT_EQ(format_rfc3339(at(2'147'483'648'000'000)), "2038-01-19T03:14:08.000000Z");
  EXPECT_EQ(format_rfc3339(at(253'402'300'799'999'999)), "9999-12-31T23:59:59.999999Z");
}

TEST(Time, FormatsWhateverADatabaseCanHold) {
  EXPECT_EQ(format_rfc3339(at(std::numeric_limits<std::int64_t>::max())).size(), 27U);
  EXPECT_EQ(format_rfc3339(at(std::numeric_limits<std::int64_t>::min())).size(), 27U);
  EXPECT_EQ(format_rfc3339(at(std::numeric_limits<std::int64_t>::max())).substr(0, 4), "9999");
}

TEST(Time, RoundsNumericDatesDown) {
  EXPECT_EQ(to_numeric_date(at(1'999'999)), 1);
  EXPECT_EQ(to_numeric_date(at(-1)), -1);
}

}  // namespace
}  // namespace latchkey
