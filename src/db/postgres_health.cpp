#include "db/postgres_health.h"

#include <algorithm>

#include "base/log.h"

namespace latchkey::db {

void PostgresHealth::Member::up() {
  if (!down_.exchange(false)) return;
  const std::lock_guard lock(health_.mutex_);
  if (--health_.down_ == 0) log::info("db.connected_again");
}

void PostgresHealth::Member::down(std::string_view why) {
  const bool new_one = !down_.exchange(true);
  const std::lock_guard lock(health_.mutex_);
  if (new_one && health_.down_++ == 0) log::error("db.connection_lost", {{"reason", why}});
  health_.why_ = why;
}

std::optional<std::string> PostgresHealth::trouble() const {
  const std::lock_guard lock(mutex_);
  if (down_ == 0) return std::nullopt;
  return why_;
}

bool PostgresHealth::is_silent() const {
  constexpr std::chrono::milliseconds limit{500};
  const SteadyTime asked_at = asked_at_.load(std::memory_order_relaxed);
  return asked_at != SteadyTime{} && SteadyClock::now() - asked_at > limit;
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

}  // namespace latchkey::db
