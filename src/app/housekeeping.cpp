#include "app/housekeeping.h"

#include <chrono>
#include <exception>
#include <iterator>
#include <vector>

#include "base/free_memory.h"
#include "base/log.h"
#include "mail/counters.h"
#include "mail/queue.h"

namespace latchkey::app {
namespace {

constexpr std::chrono::seconds clock_every{1};  ///< how often the clock is looked at
constexpr std::chrono::seconds busy_for{1};     ///< the store counts as busy after a write of others
constexpr Microseconds sweep_every = std::chrono::minutes(5);
constexpr Microseconds measure_every = std::chrono::seconds(15);

constinit metrics::Counter rows_removed;

}  // namespace

metrics::Families housekeeping_counters() {
  static constexpr metrics::Family list[] = {
      {"latchkey_housekeeping_removed_total", "Expired rows removed.", {&rows_removed}},
  };
  return list;
}

Housekeeping::Housekeeping(flow::Services& services, const Clock& clock, std::span<const flow::Sweep> sweeps)
    : services_(services),
      clock_(clock),
      sweeps_(sweeps),
      measuring_(measure_every),
      sweeping_(sweep_every),
      thread_("housekeeping", clock_every, [this] { look(); }) {}

void Housekeeping::look() {
  const Timestamp now = clock_.now();
  measure_if_due(now);
  if (sweeping_.at(now) && services_.database.leads()) sweep(now);
}

void Housekeeping::measure_if_due(Timestamp now) {
  if (!measuring_.at(now)) return;
  release_free_memory();
  measure_outbox();
}

/// A sweep that is under way.
struct Housekeeping::Turn {
  const flow::Sweep* sweep;
  std::optional<std::string> position = std::string();  ///< nothing: it is through
  Pace pace{};
};

void Housekeeping::take(Turn& turn, const flow::Origin& origin) {
  const auto begin = std::chrono::steady_clock::now();
  try {
    auto swept = turn.sweep->step(services_, origin, *turn.position, turn.pace.rows());
    removed_ += swept.removed;
    rows_removed.add(static_cast<std::uint64_t>(swept.removed));
    turn.position = std::move(swept.continue_at);
    const auto taken = std::chrono::duration_cast<Microseconds>(std::chrono::steady_clock::now() - begin);
    turn.pace.note(swept.written, swept.held, taken);
    measure_if_due(clock_.now());  // a sweep may take an hour
  } catch (const std::exception& error) {
    // What is wrong with one table keeps no other from shrinking.
    log::warn("housekeeping.failed", {{"sweep", turn.sweep->name}, {"error", error.what()}});
    turn.position.reset();
  }
}

bool Housekeeping::pause_after(const Pace& pace) {
  using std::chrono::steady_clock;
  const bool busy = steady_clock::now() - other_write_at_ < busy_for;
  const auto writes = services_.database.statistics().jobs;
  const bool go_on = thread_.pause(pace.pause(busy ? Pace::Store::busy : Pace::Store::idle));
  if (services_.database.statistics().jobs != writes) other_write_at_ = steady_clock::now();
  return go_on;
}

std::int64_t Housekeeping::sweep(Timestamp now) {
  const auto origin = flow::system_origin(now);
  std::vector<Turn> turns;
  for (const flow::Sweep& sweep : sweeps_) turns.push_back({.sweep = &sweep});
  removed_ = 0;
  other_write_at_ = std::chrono::steady_clock::now();
  bool go_on = true;
  while (go_on && !turns.empty()) {
    for (auto turn = turns.begin(); go_on && turn != turns.end();) {
      take(*turn, origin);
      const bool through = !turn->position.has_value();
      const Pace pace = turn->pace;
      turn = through ? turns.erase(turn) : std::next(turn);
      if (!turns.empty()) go_on = pause_after(pace);
    }
  }
  if (removed_ > 0) log::info("housekeeping.swept", {{"removed", removed_}});
  return removed_;
}

void Housekeeping::measure_outbox() {
  const auto length = mail::count_waiting(services_.database);
  mail::counters::outbox_length.add(length - outbox_length_);
  outbox_length_ = length;
}

}  // namespace latchkey::app
