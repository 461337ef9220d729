#include "app/housekeeping.h"

#include "base/free_memory.h"
#include "base/log.h"
#include "mail/counters.h"
#include "mail/queue.h"

namespace latchkey::app {
namespace {

constexpr std::int64_t batch_size = 500;
constexpr auto breath = std::chrono::milliseconds(20);  ///< between two batches, so that requests come first
constexpr std::chrono::seconds look_every{1};           ///< how often the clock is looked at
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
      thread_("housekeeping", look_every, [this] { look(); }) {}

void Housekeeping::look() {
  const Timestamp now = clock_.now();
  if (measuring_.at(now)) {
    release_free_memory();
    measure_outbox();
  }
  if (sweeping_.at(now) && services_.database.leads()) sweep(now);
}

std::int64_t Housekeeping::run(const flow::Sweep& sweep, const flow::Origin& origin) {
  std::int64_t removed = 0;
  std::string position;
  for (;;) {
    const auto swept = sweep.step(services_, origin, position, batch_size);
    removed += swept.removed;
    if (!swept.continue_at.has_value() || !thread_.pause(breath)) return removed;
    position = *swept.continue_at;
  }
}

std::int64_t Housekeeping::sweep(Timestamp now) {
  const auto origin = flow::system_origin(now);
  std::int64_t removed = 0;
  for (const flow::Sweep& sweep : sweeps_) removed += run(sweep, origin);
  rows_removed.add(static_cast<std::uint64_t>(removed));
  if (removed > 0) log::info("housekeeping.swept", {{"removed", removed}});
  return removed;
}

void Housekeeping::measure_outbox() {
  const auto length = mail::count_waiting(services_.database);
  mail::counters::outbox_length.add(length - outbox_length_);
  outbox_length_ = length;
}

}  // namespace latchkey::app
