#include "app/housekeeping.h"

#include "base/free_memory.h"
#include "base/log.h"
#include "base/metrics.h"
#include "flow/accounts/unconfirmed.h"
#include "store/audit.h"
#include "store/outbox.h"
#include "store/sessions.h"

namespace latchkey::app {
namespace {

constexpr std::int64_t batch_size = 500;
constexpr auto breath = std::chrono::milliseconds(20);  ///< between two batches, so that requests come first
constexpr auto look = std::chrono::seconds(1);          ///< how often the clock is looked at
constexpr Microseconds sweep_every = std::chrono::minutes(5);
constexpr Microseconds measure_every = std::chrono::seconds(15);

flow::Origin system_origin(Timestamp now) {
  return {.now = now, .address = "", .user_agent = "", .request_id = "", .actor = "system"};
}

}  // namespace

Housekeeping::Housekeeping(flow::Services& services, const Clock& clock)
    : services_(services), clock_(clock) {}

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
  while (pause(look)) {
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

template <class Batch>
std::int64_t Housekeeping::repeat(Batch batch) {
  std::int64_t removed = 0;
  for (;;) {
    const std::int64_t rows = batch();
    removed += rows;
    if (rows < batch_size || !pause(breath)) return removed;
  }
}

std::int64_t Housekeeping::sweep_sessions(Timestamp now) {
  std::int64_t removed = 0;
  SessionId after{};
  for (;;) {
    const auto page = services_.database.run_now(store::sessions::list_ids_after, after, batch_size);
    if (page.empty()) return removed;
    removed +=
        services_.database.run_now(store::sessions::delete_expired_between, after, page.back(), now).rows;
    if (page.size() < static_cast<std::size_t>(batch_size) || !pause(breath)) return removed;
    after = page.back();
  }
}

std::int64_t Housekeeping::sweep(Timestamp now) {
  const auto& settings = services_.settings;
  std::int64_t removed = sweep_sessions(now);
  const auto remove_lapsed = [&](db::Tx& tx) {
    return flow::accounts::remove_lapsed(tx, settings, system_origin(now), batch_size);
  };
  removed += repeat([&] { return services_.database.write_now(remove_lapsed); });
  removed += repeat([&] {
    return services_.database.run_now(store::audit::delete_before, now - settings.audit.ttl, batch_size).rows;
  });
  metrics::count(metrics::Counter::housekeeping_removed, static_cast<std::uint64_t>(removed));
  if (removed > 0) log::info("housekeeping.swept", {{"removed", removed}});
  return removed;
}

void Housekeeping::measure_outbox() {
  const auto length = services_.database.run_now(store::outbox::count_all).value_or(0);
  metrics::move(metrics::Gauge::mail_outbox_length, length - outbox_length_);
  outbox_length_ = length;
}

}  // namespace latchkey::app
