#include "base/metrics.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "base/metrics_table.h"

namespace latchkey::metrics {
namespace {

constexpr std::size_t status_class_count = 5;  // 1xx to 5xx
constexpr std::size_t shard_count = 32;

/// One thread's numbers, or that of a few where there are more threads than blocks.
struct alignas(128) Shard {
  std::array<std::atomic<std::uint64_t>, counter_count> counters{};
  std::array<std::atomic<std::int64_t>, gauge_count> gauges{};
  std::array<std::array<std::atomic<std::uint64_t>, status_class_count>, route_count> requests{};
  /// The routes' times, then the timings'. The last bucket is what exceeds every bound.
  std::array<std::array<std::atomic<std::uint64_t>, bucket_bounds.size() + 1>, histogram_count> buckets{};
  std::array<std::atomic<std::uint64_t>, histogram_count> microseconds{};
};

// Zero from the start of the process, so that order of initialisation does not matter.
constinit std::array<Shard, shard_count> shards{};

Shard& shard_of_this_thread() {
  static constinit std::atomic<std::size_t> next{0};
  thread_local Shard& shard = shards[next.fetch_add(1, std::memory_order_relaxed) % shard_count];
  return shard;
}

template <class Number>
void add(std::atomic<Number>& number, Number by) {
  number.fetch_add(by, std::memory_order_relaxed);
}

void observe_histogram(Shard& shard, std::size_t histogram, Microseconds elapsed) {
  std::size_t bucket = 0;
  while (bucket < bucket_bounds.size() && elapsed > bucket_bounds[bucket].bound) ++bucket;
  add(shard.buckets[histogram][bucket], std::uint64_t{1});
  add(shard.microseconds[histogram],
      static_cast<std::uint64_t>(std::max(elapsed.count(), Microseconds::rep{0})));
}

template <class Pick>
auto sum(Pick pick) {
  decltype(pick(shards.front()).load()) total = 0;
  for (const Shard& shard : shards) total += pick(shard).load(std::memory_order_relaxed);
  return total;
}

}  // namespace

void count(Counter counter, std::uint64_t times) {
  add(shard_of_this_thread().counters[static_cast<std::size_t>(counter)], times);
}

void count_request(Route route, int status, Microseconds elapsed) {
  Shard& shard = shard_of_this_thread();
  const auto status_class = static_cast<std::size_t>(std::clamp(status / 100, 1, 5) - 1);
  add(shard.requests[static_cast<std::size_t>(route)][status_class], std::uint64_t{1});
  observe_histogram(shard, static_cast<std::size_t>(route), elapsed);
}

void move(Gauge gauge, std::int64_t by) {
  add(shard_of_this_thread().gauges[static_cast<std::size_t>(gauge)], by);
}

void observe(Timing timing, Microseconds elapsed) {
  observe_histogram(shard_of_this_thread(), route_count + static_cast<std::size_t>(timing), elapsed);
}

std::uint64_t read(Counter counter) {
  return sum([=](const Shard& shard) -> auto& { return shard.counters[static_cast<std::size_t>(counter)]; });
}

std::int64_t read(Gauge gauge) {
  return sum([=](const Shard& shard) -> auto& { return shard.gauges[static_cast<std::size_t>(gauge)]; });
}

std::uint64_t read_requests(std::size_t route, std::size_t status_class) {
  return sum([=](const Shard& shard) -> auto& { return shard.requests[route][status_class]; });
}

std::uint64_t read_bucket(std::size_t histogram, std::size_t bucket) {
  return sum([=](const Shard& shard) -> auto& { return shard.buckets[histogram][bucket]; });
}

Microseconds read_total(std::size_t histogram) {
  return Microseconds{static_cast<Microseconds::rep>(
      sum([=](const Shard& shard) -> auto& { return shard.microseconds[histogram]; }))};
}

}  // namespace latchkey::metrics
