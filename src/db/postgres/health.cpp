#include "db/postgres/health.h"

#include <algorithm>

#include "base/log.h"

namespace latchkey::db::postgres {

void PostgresHealth::Member::up() {
  if (seeks_.exchange(false)) --health_.seeking_;
  if (!down_.exchange(false)) return;
  const std::lock_guard lock(health_.mutex_);
  --health_.down_;
  const bool last_that_must = need_ == Need::must && --health_.missing_ == 0;
  if (health_.down_ == 0 || last_that_must)
    log::info("db.connected_again", {{"connections_missing", health_.down_}});
}

void PostgresHealth::Member::down(std::string_view why) {
  const bool new_one = !down_.exchange(true);
  const std::lock_guard lock(health_.mutex_);
  bool is_news = new_one && health_.down_++ == 0;
  if (need_ == Need::must) {
    is_news |= new_one && health_.missing_++ == 0;
    health_.why_ = why;
  }
  if (is_news) {
    log::error("db.connection_lost", {{"reason", why}, {"ready", health_.missing_ == 0}});
  }
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

bool PostgresHealth::misses_spare() const {
  const std::lock_guard lock(mutex_);
  return down_ > missing_;
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

void PostgresHealth::heard(std::uint64_t era) {
  if (asked_at_.load(std::memory_order_relaxed) == SteadyTime{} || era != this->era()) return;
  heard_at_.store(SteadyClock::now(), std::memory_order_relaxed);
}

bool PostgresHealth::is_silent() const {
  const SteadyTime asked_at = asked_at_.load(std::memory_order_relaxed);
  if (asked_at == SteadyTime{}) return false;
  const SteadyTime last_sign = std::max(asked_at, heard_at_.load(std::memory_order_relaxed));
  return SteadyClock::now() - last_sign > std::chrono::milliseconds{500};
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
