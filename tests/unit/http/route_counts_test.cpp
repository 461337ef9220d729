#include "http/route_counts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "http/counters.h"

namespace latchkey::http {
namespace {

/// The samples of a page by name and labels.
std::map<std::string, double> samples() {
  std::map<std::string, double> result;
  const std::string page = metrics::render(counters::families());
  for (std::size_t at = 0; at < page.size();) {
    const std::size_t end = page.find('\n', at);
    const std::string line = page.substr(at, end - at);
    at = end + 1;
    if (line.starts_with('#')) continue;
    const std::size_t space = line.rfind(' ');
    result[line.substr(0, space)] = std::stod(line.substr(space + 1));
  }
  return result;
}

TEST(RouteCounts, rows_of_one_name_count_together_and_other_names_apart) {
  RouteCounts& one = RouteCounts::of("test_one");
  RouteCounts& other = RouteCounts::of("test_other");
  EXPECT_EQ(&RouteCounts::of("test_one"), &one);
  EXPECT_NE(&one, &other);
  one.count(401, Microseconds{70});
  one.count(200, Microseconds{20'000'000});
  const auto page = samples();
  EXPECT_EQ(page.at(R"(latchkey_requests_total{route="test_one",status="4xx"})"), 1);
  EXPECT_EQ(page.at(R"(latchkey_requests_total{route="test_one",status="2xx"})"), 1);
  EXPECT_EQ(page.at(R"(latchkey_request_seconds_bucket{route="test_one",le="0.0001"})"), 1);
  EXPECT_EQ(page.at(R"(latchkey_request_seconds_count{route="test_one"})"), 2);
  EXPECT_EQ(page.at(R"(latchkey_requests_total{route="test_other",status="2xx"})"), 0) << "2xx always stands";
  EXPECT_FALSE(page.contains(R"(latchkey_requests_total{route="test_other",status="4xx"})"));
}

TEST(RouteCounts, Q10_no_number_of_requests_makes_more_series) {
  RouteCounts& unmatched = RouteCounts::unmatched();
  for (int status = 100; status < 600; ++status) unmatched.count(status, Microseconds{1});
  const std::size_t series = samples().size();
  for (int status = -5; status < 2000; ++status) unmatched.count(status, Microseconds{-status});
  EXPECT_EQ(samples().size(), series);
}

}  // namespace
}  // namespace latchkey::http
