#include "base/metrics.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

namespace latchkey::metrics {
namespace {

/// `name{labels}` to value, failing on any line that Prometheus's text format 0.0.4 does not have.
std::map<std::string, double> parse(const std::string& page) {
  std::map<std::string, double> samples;
  std::set<std::string> families;
  std::string family;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first;
    words >> first;
    if (first == "#") {
      std::string kind;
      std::string name;
      words >> kind >> name;
      if (kind == "HELP") {
        EXPECT_TRUE(families.insert(name).second) << "a family in two pieces: " << name;
        EXPECT_GT(line.size(), ("# HELP " + name + " ").size());
        family = name;
      } else {
        EXPECT_EQ(kind, "TYPE") << line;
        EXPECT_EQ(name, family);
      }
      continue;
    }
    EXPECT_EQ(line.rfind(family, 0), 0U) << line;
    const std::size_t space = line.rfind(' ');
    EXPECT_TRUE(samples.emplace(line.substr(0, space), std::stod(line.substr(space + 1))).second) << line;
  }
  EXPECT_TRUE(page.ends_with('\n'));
  return samples;
}

TEST(Metrics, counts_over_threads_add_up) {
  const std::uint64_t before = read(Counter::sign_in_ok);
  const std::int64_t open_before = read(Gauge::connections_open);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 10'000; ++i) {
        count(Counter::sign_in_ok);
        move(Gauge::connections_open, i % 2 == 0 ? 1 : -1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(read(Counter::sign_in_ok), before + 80'000);
  EXPECT_EQ(read(Gauge::connections_open), open_before);
}

TEST(Metrics, one_thread_opens_and_another_closes) {
  const std::int64_t before = read(Gauge::mail_outbox_length);
  move(Gauge::mail_outbox_length, 3);
  std::thread([] { move(Gauge::mail_outbox_length, -2); }).join();
  EXPECT_EQ(read(Gauge::mail_outbox_length), before + 1);
  move(Gauge::mail_outbox_length, -1);
}

TEST(Metrics, the_page_is_prometheus_text) {
  const auto before = parse(render());
  count(Counter::refresh_reused, 2);
  count_request(Route::login, 401, Microseconds{70});
  count_request(Route::login, 200, Microseconds{20'000'000});
  observe(Timing::password_hash, Microseconds{20'000});
  const auto after = parse(render());
  const auto grown = [&](const std::string& name) {
    return after.at(name) - (before.contains(name) ? before.at(name) : 0);
  };
  EXPECT_EQ(grown(R"(latchkey_refreshes_total{outcome="reused"})"), 2);
  EXPECT_EQ(grown(R"(latchkey_requests_total{route="login",status="4xx"})"), 1);
  EXPECT_EQ(grown(R"(latchkey_requests_total{route="login",status="2xx"})"), 1);
  EXPECT_EQ(grown(R"(latchkey_request_seconds_bucket{route="login",le="5e-05"})"), 0);
  EXPECT_EQ(grown(R"(latchkey_request_seconds_bucket{route="login",le="0.0001"})"), 1);
  EXPECT_EQ(grown(R"(latchkey_request_seconds_bucket{route="login",le="10"})"), 1);
  EXPECT_EQ(grown(R"(latchkey_request_seconds_bucket{route="login",le="+Inf"})"), 2);
  EXPECT_EQ(grown(R"(latchkey_request_seconds_count{route="login"})"), 2);
  EXPECT_NEAR(grown(R"(latchkey_request_seconds_sum{route="login"})"), 20.00007, 0.001);
  EXPECT_EQ(grown(R"(latchkey_password_hash_seconds_bucket{le="0.025"})"), 1);
  EXPECT_GT(after.at("process_resident_memory_bytes"), 1'000'000);
  EXPECT_TRUE(after.contains("latchkey_log_lines_dropped_total"));
}

TEST(Metrics, Q10_no_number_of_requests_makes_more_series) {
  for (int status = 100; status < 600; ++status) count_request(Route::unmatched, status, Microseconds{1});
  const std::size_t series = parse(render()).size();
  for (int status = -5; status < 2000; ++status)
    count_request(Route::unmatched, status, Microseconds{-status});
  EXPECT_EQ(parse(render()).size(), series);
}

}  // namespace
}  // namespace latchkey::metrics
