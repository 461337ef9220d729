#include "db/postgres/health.h"

#include <algorithm>

#include "base/log.h"

namespace latchkey::db::postgres {

void PostgresHealth::Member::up() {
  if (seeks_.exchange(false)) --health_.seeking_;
  if (!down_.exchange(false)) return;
  const std::lock_guard lock(health_.mutex_);
  if (need_ == Need::must) --health_.missing_;
  if (--health_.down_ == 0) log::info("db.connected_again");
}

void PostgresHealth::Member::down(std::string_view why) {
  const bool new_one = !down_.exchange(true);
  const std::lock_guard lock(health_.mutex_);
  if (new_one && health_.down_++ == 0) log::error("db.connection_lost", {{"reason", why}});
  if (need_ == Need::may) return;
  if (new_one) ++health_.missing_;
  health_.why_ = why;
}

void PostgresHealth::Member::unconnected(std::string_view why) {
  down(why);
  if (need_ == Need::may) return;
  if (!seeks_.exchange(true)) ++health_.seeking_;
  const std::lock_guard lock(health_.mutex_);
  for (const Spare* spare : health_.spares_) spare->look_up_();
}

PostgresHealth::Spare::Spare(PostgresHealth& health, std::function<void()> look_up)
    : health_(health), look_up_(std::move(look_up)) {
  const std::lock_guard lock(health_.mutex_);
  health_.spares_.push_back(this);
}

PostgresHealth::Spare::~Spare() {
  const std::lock_guard lock(health_.mutex_);
  std::erase(health_.spares_, this);
}

std::optional<std::string> PostgresHealth::trouble() const {
  const std::lock_guard lock(mutex_);
  if (missing_ == 0) return std::nullopt;
  return why_;
}

void PostgresHealth::end_era(std::uint64_t era) {
  if (!era_.compare_exchange_strong(era, era + 1)) return;
  const std::lock_guard lock(mutex_);
  preferred_.reset();
  for (const Spare* spare : spares_) spare->look_up_();
}

void PostgresHealth::prefer(PostgresHost host) {
  const std::lock_guard lock(mutex_);
  preferred_ = std::move(host);
}

std::optional<PostgresHost> PostgresHealth::preferred() const {
  const std::lock_guard lock(mutex_);
  return preferred_;
}

void PostgresHealth::asked() {
  SteadyTime nobody_asks{};
  asked_at_.compare_exchange_strong(nobody_asks, SteadyClock::now(), std::memory_order_relaxed);
}

std::chrono::milliseconds PostgresHealth::silence() const {
  const SteadyTime asked_at = asked_at_.load(std::memory_order_relaxed);
  if (asked_at == SteadyTime{}) return std::chrono::milliseconds{0};
  return std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - asked_at);
}

std::chrono::milliseconds PostgresBackoff::next() {
  const auto pause = next_;
  next_ = std::min(2 * next_, longest);
  return std::chrono::milliseconds{
      std::uniform_int_distribution<std::int64_t>(pause.count() / 2, pause.count())(jitter_)};
}

std::chrono::milliseconds retry_pause(int attempt) {
  thread_local std::minstd_rand jitter{std::random_device{}()};
  const int longest = 1 << std::min(attempt, 6);
  return std::chrono::milliseconds{std::uniform_int_distribution<int>(1, longest)(jitter)};
}

}  // namespace latchkey::db::postgres
