#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "db/postgres/handle.h"

namespace latchkey::db::postgres {

/// What one driver has done, from all its threads.
struct PostgresCounters {
  std::atomic<std::uint64_t> jobs{0};
  std::atomic<std::uint64_t> commits{0};
  std::atomic<std::uint64_t> refused{0};
};

/// Whether the connections of one driver are there, and since when not. Any thread may call anything.
class PostgresHealth {
 public:
  enum class Need : std::uint8_t {
    must,  ///< without it nothing can be served
    may    ///< others do its work, slower
  };
  /// One connection, or several of which one is enough.
  class Member {
   public:
    Member(PostgresHealth& health, Need need) : health_(health), need_(need) {}
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    ~Member() { up(); }
    void up();
    void down(std::string_view why);
    /// Down, for want of a connection: where that must be up, the others make way until it is.
    void unconnected(std::string_view why);
    bool is_down() const { return down_.load(std::memory_order_relaxed); }

   private:
    PostgresHealth& health_;
    const Need need_;
    std::atomic<bool> down_{false};
    std::atomic<bool> seeks_{false};
  };
  /// Somebody with connections that others can do the work of. A server may have no more of them than there
  /// are, and then those that must be up come first. `look_up` is called when one of these seeks one in vain,
  /// and when an era has ended.
  class Spare {
   public:
    /// `look_up` is called from any thread, under a lock: it may post, and nothing else.
    Spare(PostgresHealth& health, std::function<void()> look_up);
    Spare(const Spare&) = delete;
    Spare& operator=(const Spare&) = delete;
    ~Spare();

   private:
    friend class PostgresHealth;
    PostgresHealth& health_;
    const std::function<void()> look_up_;
  };

  /// Why something is down that must be up; nothing when all of that is up.
  std::optional<std::string> trouble() const;
  /// Whether something is down that may be: then others do its work as well as their own.
  bool misses_spare() const;
  /// Whether something that must be up finds no connection. Nothing else opens one meanwhile.
  bool lacks_connection() const { return seeking_.load() > 0; }

  /// For one thread, which asks what any server answers at once: it asks, it had a word back (a refusal is
  /// one). While there is none it may ask again, also by a new connection: the silence goes on.
  void asked();
  void answered() { asked_at_.store(SteadyTime{}, std::memory_order_relaxed); }
  /// For how long it has been waiting for a word.
  std::chrono::milliseconds silence() const;
  /// For every connection: the server has answered something on it. Costs nothing while the thread above does
  /// not wait.
  void heard(std::uint64_t era);
  /// Whether the server has answered since then, on whichever connection of this era. A connection that has
  /// been asked something before and has had no answer is alone with that: the server, or whatever stands
  /// before it, has taken the connection and does not serve it.
  bool has_heard_since(std::chrono::steady_clock::time_point time) const { return heard_at_.load() > time; }
  /// Whether no connection has had a word for so long that the server is taken for gone, though no connection
  /// is closed.
  bool is_silent() const;

  /// Which of the connections, counted by when they were begun, lead to the server that the pulse asks. One
  /// of an earlier era may lead to a server that was replaced while it hung: nothing is asked on it any more,
  /// also when it answers again.
  std::uint64_t era() const { return era_.load(); }
  /// A connection of that era has found its server gone.
  void end_era(std::uint64_t era);
  /// The host that new connections of this era try before the others, so that they lead where the pulse's
  /// does, and do not wait for one that hangs.
  void prefer(PostgresHost host);
  std::optional<PostgresHost> preferred() const;

 private:
  using SteadyClock = std::chrono::steady_clock;
  using SteadyTime = SteadyClock::time_point;

  mutable std::mutex mutex_;
  int down_ = 0;
  int missing_ = 0;  ///< of those, the ones that must be up
  std::string why_;  ///< what the last of them said
  std::atomic<int> seeking_{0};
  std::vector<const Spare*> spares_;
  std::atomic<SteadyTime> asked_at_{SteadyTime{}};
  std::atomic<SteadyTime> heard_at_{SteadyTime{}};
  std::atomic<std::uint64_t> era_{0};
  std::optional<PostgresHost> preferred_;
};

/// How long anybody waits for an answer of a server that is silent.
inline constexpr std::chrono::milliseconds silence_limit{700};
/// How long a connection may wait for an answer, while others are answered, before others do its work. That
/// is less than any request's patience.
inline constexpr std::chrono::milliseconds unanswered_limit{500};

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

}  // namespace latchkey::db::postgres
