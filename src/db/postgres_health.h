#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace latchkey::db {

/// What one driver has done, from all its threads.
struct PostgresCounters {
  std::atomic<std::uint64_t> jobs{0};
  std::atomic<std::uint64_t> commits{0};
  std::atomic<std::uint64_t> refused{0};
};

/// Whether the connections of one driver are there, and since when not. Any thread may call anything.
class PostgresHealth {
 public:
  /// One connection, or several of which one is enough.
  class Member {
   public:
    explicit Member(PostgresHealth& health) : health_(health) {}
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    ~Member() { up(); }
    void up();
    void down(std::string_view why);
    bool is_down() const { return down_.load(std::memory_order_relaxed); }

   private:
    PostgresHealth& health_;
    std::atomic<bool> down_{false};
  };

  /// Why something is down; nothing when all are up.
  std::optional<std::string> trouble() const;

  /// A question that any server answers at once is under way, or was answered.
  void asked() { asked_at_.store(SteadyClock::now(), std::memory_order_relaxed); }
  void answered() { asked_at_.store(SteadyTime{}, std::memory_order_relaxed); }
  /// Whether it has been waited for so long that the server is taken for gone, though no connection is
  /// closed.
  bool is_silent() const;

 private:
  using SteadyClock = std::chrono::steady_clock;
  using SteadyTime = SteadyClock::time_point;

  mutable std::mutex mutex_;
  int down_ = 0;
  std::string why_;
  std::atomic<SteadyTime> asked_at_{SteadyTime{}};
};

/// How long anybody waits for an answer of a server that is silent.
inline constexpr std::chrono::milliseconds silence_limit{700};

/// The pauses between attempts to connect: they grow to a second, and no two nodes have the same.
class PostgresBackoff {
 public:
  void reset() { next_ = shortest; }
  std::chrono::milliseconds next();

 private:
  static constexpr std::chrono::milliseconds shortest{50};
  static constexpr std::chrono::milliseconds longest{1000};
  std::chrono::milliseconds next_ = shortest;
  std::minstd_rand jitter_{std::random_device{}()};
};

/// How long a transaction that others were in the way of waits before it is run again.
std::chrono::milliseconds retry_pause(int attempt);

}  // namespace latchkey::db
