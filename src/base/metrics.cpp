#include "base/metrics.h"

#include <algorithm>
#include <mutex>

namespace latchkey::metrics {
namespace {

constexpr std::size_t shard_count = 32;
constexpr std::size_t cell_count = 4096;
/// Where the numbers count that have found no room; as wide as the widest of them.
constexpr std::uint32_t nowhere = 1;
constexpr std::uint32_t first_place = nowhere + Timing::bound_count + 2;

/// One thread's numbers, or that of a few where there are more threads than blocks. Places are given one
/// after the other, so that only as much of a block takes memory as there are numbers in use.
struct alignas(128) Shard {
  std::array<std::atomic<std::uint64_t>, cell_count> cells{};
};

// Zero from the start of the process, so that order of initialisation does not matter.
constinit std::array<Shard, shard_count> shards{};

Shard& shard_of_this_thread() {
  static constinit std::atomic<std::size_t> next{0};
  thread_local Shard& shard = shards[next.fetch_add(1, std::memory_order_relaxed) % shard_count];
  return shard;
}

void add_to(Shard& shard, std::size_t cell, std::uint64_t by) {
  shard.cells[cell].fetch_add(by, std::memory_order_relaxed);
}

std::uint64_t sum(std::uint32_t place, std::size_t offset = 0) {
  if (place == nowhere) return 0;
  std::uint64_t total = 0;
  for (const Shard& shard : shards) total += shard.cells[place + offset].load(std::memory_order_relaxed);
  return total;
}

}  // namespace

const std::array<Timing::Bound, Timing::bound_count> Timing::bounds{{
    {Microseconds{50}, "5e-05"},
    {Microseconds{100}, "0.0001"},
    {Microseconds{250}, "0.00025"},
    {Microseconds{500}, "0.0005"},
    {Microseconds{1'000}, "0.001"},
    {Microseconds{2'500}, "0.0025"},
    {Microseconds{5'000}, "0.005"},
    {Microseconds{10'000}, "0.01"},
    {Microseconds{25'000}, "0.025"},
    {Microseconds{50'000}, "0.05"},
    {Microseconds{100'000}, "0.1"},
    {Microseconds{250'000}, "0.25"},
    {Microseconds{1'000'000}, "1"},
    {Microseconds{10'000'000}, "10"},
}};

std::uint32_t Series::take_place() const {
  static constinit std::mutex mutex;
  static constinit std::uint32_t next = first_place;
  const std::lock_guard lock(mutex);
  std::uint32_t place = place_.load(std::memory_order_relaxed);
  if (place != 0) return place;  // another thread has been quicker
  place = next + cells_ <= cell_count ? std::exchange(next, next + cells_) : nowhere;
  place_.store(place, std::memory_order_relaxed);
  return place;
}

void Counter::add(std::uint64_t times) { add_to(shard_of_this_thread(), place(), times); }

std::uint64_t Counter::value() const { return sum(place()); }

// A block may be below zero while another is above: the sum of unsigned numbers wraps to what is meant.
void Gauge::add(std::int64_t by) { add_to(shard_of_this_thread(), place(), static_cast<std::uint64_t>(by)); }

std::int64_t Gauge::value() const { return static_cast<std::int64_t>(sum(place())); }

void Timing::observe(Microseconds elapsed) {
  std::size_t bucket = 0;
  while (bucket < bound_count && elapsed > bounds[bucket].at) ++bucket;
  Shard& shard = shard_of_this_thread();
  const std::size_t begin = place();
  add_to(shard, begin + bucket, 1);
  add_to(shard, begin + bound_count + 1,
         static_cast<std::uint64_t>(std::max(elapsed.count(), Microseconds::rep{0})));
}

std::uint64_t Timing::bucket(std::size_t number) const { return sum(place(), number); }

Microseconds Timing::total() const {
  return Microseconds{static_cast<Microseconds::rep>(sum(place(), bound_count + 1))};
}

std::vector<const Series*> Family::series() const {
  if (list_ != nullptr) return list_();
  return {series_.begin(), series_.begin() + count_};
}

}  // namespace latchkey::metrics
