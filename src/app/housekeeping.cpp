#include "app/housekeeping.h"

#include "base/free_memory.h"
#include "base/log.h"
#include "mail/counters.h"
#include "mail/queue.h"

namespace latchkey::app {
namespace {

constexpr std::int64_t batch_size = 500;
constexpr auto breath = std::chrono::milliseconds(20);  ///< between two batches, so that requests come first
constexpr auto look_every = std::chrono::seconds(1);    ///< how often the clock is looked at
constexpr Microseconds sweep_every = std::chrono::minutes(5);
constexpr Microseconds measure_every = std::chrono::seconds(15);

constinit metrics::Counter rows_removed;

flow::Origin system_origin(Timestamp now) {
  return {.now = now, .address = "", .user_agent = "", .request_id = "", .actor = "system"};
}

}  // namespace

metrics::Families housekeeping_counters() {
  static constexpr metrics::Family list[] = {
      {"latchkey_housekeeping_removed_total", "Expired rows removed.", {&rows_removed}},
  };
  return list;
}

Housekeeping::Housekeeping(flow::Services& services, const Clock& clock, std::span<const flow::Sweep> sweeps)
    : services_(services), clock_(clock), sweeps_(sweeps) {}

Housekeeping::~Housekeeping() { stop(); }

void Housekeeping::start() {
  thread_ = std::thread([this] { loop(); });
}

void Housekeeping::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Housekeeping::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, time, [this] { return stopping_; });
}

void Housekeeping::loop() {
  Timestamp swept_at;
  Timestamp measured_at;
  while (pause(look_every)) {
    const Timestamp now = clock_.now();
    try {
      // A clock that was set back must not put the next sweep off for as long.
      if (now - measured_at >= measure_every || now < measured_at) {
        measured_at = now;
        release_free_memory();
        measure_outbox();
      }
      if (now - swept_at >= sweep_every || now < swept_at) {
        swept_at = now;
        if (services_.database.leads()) sweep(now);
      }
    } catch (const std::exception& error) {
      log::warn("housekeeping.failed", {{"error", error.what()}});
    }
  }
}

std::int64_t Housekeeping::run(const flow::Sweep& sweep, const flow::Origin& origin) {
  std::int64_t removed = 0;
  std::string position;
  for (;;) {
    const auto swept = sweep.step(services_, origin, position, batch_size);
    removed += swept.removed;
    if (!swept.continue_at.has_value() || !pause(breath)) return removed;
    position = *swept.continue_at;
  }
}

std::int64_t Housekeeping::sweep(Timestamp now) {
  const auto origin = system_origin(now);
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
