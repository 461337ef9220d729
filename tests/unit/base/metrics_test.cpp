#include "base/metrics.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

namespace latchkey::metrics {
namespace {

constinit Counter ok{R"(outcome="ok")"};
constinit Counter refused{R"(outcome="refused")"};
constinit Counter rare{R"(outcome="rare")", Series::Zero::hidden};
constinit Gauge open_now;
constinit Timing slow;
constinit Timing slow_of_one{R"(route="one")"};

constexpr Family families[] = {
    {"test_outcomes_total", "What came of it.", {&ok, &refused, &rare}},
    {"test_open", "How many are open.", {&open_now}},
    {"test_seconds", "How long it took.", {&slow, &slow_of_one}},
};

/// `name{labels}` to value, failing on any line that Prometheus's text format 0.0.4 does not have.
std::map<std::string, double> parse(const std::string& page) {
  std::map<std::string, double> samples;
  std::set<std::string> seen;
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
        EXPECT_TRUE(seen.insert(name).second) << "a family in two pieces: " << name;
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
  const std::uint64_t before = ok.value();
  const std::int64_t open_before = open_now.value();
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 10'000; ++i) {
        ok.add();
        open_now.add(i % 2 == 0 ? 1 : -1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ok.value(), before + 80'000);
  EXPECT_EQ(open_now.value(), open_before);
}

TEST(Metrics, one_thread_opens_and_another_closes) {
  const std::int64_t before = open_now.value();
  open_now.add(3);
  std::thread([] { open_now.add(-2); }).join();
  EXPECT_EQ(open_now.value(), before + 1);
  open_now.add(-1);
  std::thread([] { open_now.add(-2); }).join();
  EXPECT_EQ(open_now.value(), before - 2);
  open_now.add(2);
}

TEST(Metrics, threads_that_use_a_number_first_at_the_same_moment_count_in_one_place) {
  for (int round = 0; round < 50; ++round) {
    Counter fresh;
    Timing times;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        fresh.add(2);
        times.observe(Microseconds{7});
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(fresh.value(), 8U);
    EXPECT_EQ(times.bucket(0), 4U);
    EXPECT_EQ(times.total(), Microseconds{28});
  }
}

TEST(Metrics, the_page_is_prometheus_text) {
  const auto before = parse(render(families));
  refused.add(2);
  slow.observe(Microseconds{70});
  slow.observe(Microseconds{20'000'000});
  slow_of_one.observe(Microseconds{20'000});
  const auto after = parse(render(families));
  const auto grown = [&](const std::string& name) { return after.at(name) - before.at(name); };
  EXPECT_EQ(grown(R"(test_outcomes_total{outcome="refused"})"), 2);
  EXPECT_EQ(grown(R"(test_outcomes_total{outcome="ok"})"), 0);
  EXPECT_EQ(grown(R"(test_seconds_bucket{le="5e-05"})"), 0);
  EXPECT_EQ(grown(R"(test_seconds_bucket{le="0.0001"})"), 1);
  EXPECT_EQ(grown(R"(test_seconds_bucket{le="10"})"), 1);
  EXPECT_EQ(grown(R"(test_seconds_bucket{le="+Inf"})"), 2);
  EXPECT_EQ(grown("test_seconds_count"), 2);
  EXPECT_NEAR(grown("test_seconds_sum"), 20.00007, 0.001);
  EXPECT_EQ(grown(R"(test_seconds_bucket{route="one",le="0.025"})"), 1);
  EXPECT_EQ(grown(R"(test_seconds_count{route="one"})"), 1);
  EXPECT_TRUE(after.contains("test_open"));
  EXPECT_GT(after.at("process_resident_memory_bytes"), 1'000'000);
  EXPECT_GT(after.at("process_dirty_memory_bytes"), 100'000);
  EXPECT_LT(after.at("process_dirty_memory_bytes"), after.at("process_resident_memory_bytes"));
  EXPECT_TRUE(after.contains("latchkey_log_lines_dropped_total"));
}

TEST(Metrics, a_number_that_hides_its_zero_stands_on_the_page_once_it_has_occurred) {
  const std::string name = R"(test_outcomes_total{outcome="rare"})";
  EXPECT_FALSE(parse(render(families)).contains(name));
  rare.add();
  EXPECT_EQ(parse(render(families)).at(name), 1);
}

TEST(Metrics, a_number_that_finds_no_room_reads_as_zero_and_spoils_no_other) {
  // In a process of its own, since the room is for good.
  const auto fill = [] {
    std::vector<std::unique_ptr<Timing>> many;
    for (int i = 0; i < 1'000; ++i) {
      many.push_back(std::make_unique<Timing>());
      many.back()->observe(Microseconds{1});
    }
    // What is left is too little for a timing; small numbers take it.
    std::vector<std::unique_ptr<Counter>> small;
    for (std::size_t i = 0; i < Timing::bound_count + 2; ++i) {
      small.push_back(std::make_unique<Counter>());
      small.back()->add(1);
    }
    Counter late;
    late.add(5);
    const bool right = many.front()->bucket(0) == 1 && many.back()->bucket(0) == 0 && late.value() == 0;
    std::exit(right ? 0 : 1);
  };
  EXPECT_EXIT(fill(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace latchkey::metrics
