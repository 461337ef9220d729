#include "db/postgres/monitor.h"

#include <utility>

#include "base/log.h"
#include "db/statement.h"
#include "db/tx.h"

namespace latchkey::db::postgres {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds interval{250};
constexpr milliseconds monitor_limit{1000};
/// Without an answer for so long the node says that it is not ready,
constexpr milliseconds readiness_limit{1000};
/// and for so long somebody else may lead, and we know neither database nor time.
constexpr milliseconds stale_after{3000};
/// How wrong a node's idea of the time may be.
constexpr Microseconds tolerance{1'000'000};

// These two are asked of PostgreSQL only: no statement of the store asks a database for the time.
constexpr Statement<std::optional<std::int64_t>> ask_time{
    "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"};
constexpr Statement<std::optional<bool>, std::int64_t> ask_lead{"SELECT pg_try_advisory_lock($1)"};
constexpr std::int64_t lead_lock = 7809644653205935482;  ///< next to that of migrations

PostgresOptions impatient(const PostgresOptions& options) {
  PostgresOptions own;
  own.url = options.url.copy();
  own.statement_timeout = monitor_limit;
  return own;
}

}  // namespace

PostgresMonitor::PostgresMonitor(const PostgresOptions& options, PostgresHealth& health)
    : options_(options),
      all_(health),
      own_options_(impatient(options)),
      health_(health, PostgresHealth::Need::must),
      connection_(own_options_),
      thread_("db-monitor", interval, [this] { look(); }) {
  beat();
  thread_.start();
}

void PostgresMonitor::look() {
  try {
    beat();
    health_.up();
    backoff_.reset();
  } catch (const std::exception& error) {
    thread_.call_again_in(backoff_.next());
    connection_.close();
    // A database that refuses, or hangs up, is there. Of one that was silent nothing is known until it
    // answers: until then other connections do not wait for theirs either, though none of them is closed.
    if (!all_.is_silent()) all_.answered();
    if (leads_.exchange(false)) log::info("node.leads_no_more");
    const bool unconnected = std::exchange(connecting_, false);
    if (!unconnected) all_.end_generation(generation_);
    unconnected ? health_.unconnected(error.what()) : health_.down(error.what());
  }
}

void PostgresMonitor::beat() {
  all_.asked();
  if (generation_ != all_.generation()) connection_.close();
  if (!connection_.is_open()) {
    if (leads_.exchange(false)) log::info("node.leads_no_more");
    connecting_ = true;
    generation_ = all_.generation();
    connection_.connect(all_.preferred());
    all_.prefer(connection_.host());
    connecting_ = false;
  }
  measure_clock();
  all_.heard(generation_);
  all_.answered();
  if (options_.role == PostgresRole::node && !leads_) try_to_lead();
  answered_at_ = SteadyClock::now();
}

/// The answer was made at some moment between question and arrival: that bounds the difference of the clocks
/// from both sides. One inside the bounds stays, so that time does not jitter. It is measured against a clock
/// that nobody can set, so that this machine's may be set to what it likes without a request taking it for
/// the time.
void PostgresMonitor::measure_clock() {
  if (options_.clock == nullptr) {
    detail::execute(connection_, ask_time.with());
    return;
  }
  Clock& clock = *options_.clock;
  const Microseconds before = Clock::time_since_boot();
  const Timestamp there{Microseconds{detail::execute(connection_, ask_time.with()).value()}};
  const Microseconds after = Clock::time_since_boot();
  if (after - before > 2 * tolerance) throw Unavailable("the database answers too slowly to tell the time");
  if (!boot_.has_value() || *boot_ < there - after || there - before < *boot_) {
    boot_ = there - after + (after - before) / 2;
    clock.follow(*boot_);
  }
  const Microseconds off = clock.machine_time() - (*boot_ + Clock::time_since_boot());
  if (std::chrono::abs(off - machine_is_off_) <= tolerance) return;
  machine_is_off_ = off;
  log::warn("clock.follows_database", {{"machine_is_off_by_ms", off.count() / 1000}});
}

void PostgresMonitor::try_to_lead() {
  if (!detail::execute(connection_, ask_lead.with(lead_lock)).value()) return;
  leads_ = true;
  log::info("node.leads");
}

bool PostgresMonitor::leads() const {
  return leads_ && SteadyClock::now() - answered_at_.load() < stale_after;
}

std::optional<std::string> PostgresMonitor::trouble() const {
  const bool fresh = SteadyClock::now() - answered_at_.load() < stale_after;
  if (fresh && all_.silence() < readiness_limit) return std::nullopt;
  return "the database does not answer";
}

}  // namespace latchkey::db::postgres
