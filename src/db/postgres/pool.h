#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/periodic.h"
#include "db/postgres/connection.h"
#include "db/postgres/health.h"
#include "db/ticket.h"

namespace latchkey::db::postgres {

/// The connections for transactions and for blocking callers (commands, mail, housekeeping), each with its
/// thread. Any thread may call, except where noted.
class PostgresPool {
 public:
  PostgresPool(const PostgresOptions& options, PostgresHealth& health, PostgresCounters& counters);
  PostgresPool(const PostgresPool&) = delete;
  PostgresPool& operator=(const PostgresPool&) = delete;
  ~PostgresPool();

  /// Blocks until there is a connection; throws `Unavailable` when the first attempt of all has failed.
  void wait_connected();

  /// Counts one more job among those that wait; throws `Unavailable` when there are too many, or no
  /// connection is to be had. Each ticket is admitted once before it is pushed.
  void admit();
  void push(Ticket& ticket);
  enum class Use : std::uint8_t { read, write };
  /// Blocks until the job is done; throws what went wrong.
  void run_and_wait(Job& job, Use use);
  /// Blocks until `home` has been handed the outcome of as many tickets.
  void wait_for_answers(const TicketHome& home, std::uint64_t count);

  std::uint64_t queued() const { return admitted_.load(std::memory_order_relaxed); }

 private:
  using SteadyTime = Ticket::SteadyTime;

  /// One connection is always kept, or sought; the others are opened once all that are open have work, so
  /// that transactions do not take the last ones that a server has from the pipelines.
  enum class Wanted : std::uint8_t { always, on_demand };
  /// What one thread has.
  struct Worker {
    Worker(Wanted need, const PostgresOptions& options, PostgresHealth& health)
        : wanted(need), connection(options, &health) {}
    const Wanted wanted;
    PostgresConnection connection;
    PostgresBackoff backoff;
    bool connected = false;  ///< as `connected_` counts it
    bool failing = false;    ///< as `failing_` counts it
    std::uint64_t losses_seen = 0;
  };
  void work(Wanted wanted);
  /// False when it is time to stop.
  bool connect(Worker& worker);
  bool wait_for_work(Worker& worker);
  /// Whether it gives its connection up, for something that must be up and finds none.
  bool make_way(Worker& worker);
  void note_loss(Worker& worker);
  Ticket* take();
  void count(Worker& worker, const std::string& why_not);
  /// What becomes of a ticket that was run.
  enum class Next : std::uint8_t { answer, run_again, wait_again };
  void run(PostgresConnection& connection, Ticket& ticket);
  void attempt(PostgresConnection& connection, Ticket& ticket);
  Next after_failure(PostgresConnection& connection, Ticket& ticket);
  void enqueue(Ticket& ticket);
  void answer(Ticket& ticket);
  void refuse(Ticket& ticket, const std::string& why);
  /// Refuses those of a kind among the waiting; lets go of the lock meanwhile. Answers how many.
  using Kind = std::function<bool(const Ticket&)>;
  std::size_t refuse_waiting(std::unique_lock<std::mutex>& lock, const Kind& kind);
  /// Refuses what has waited for too long: all connections may be busy, or gone.
  void watch();
  /// Whether somebody is served, given how many were refused just now since they had waited for too long.
  void judge_service(std::size_t refused);

  const PostgresOptions& options_;
  PostgresCounters& counters_;
  PostgresHealth& all_;
  PostgresHealth::Member health_;
  /// Down while requests wait in vain for a connection, none answers anything, and a thread has nowhere else
  /// to go.
  PostgresHealth::Member service_;
  SteadyTime service_ended_at_{};
  std::atomic<SteadyTime> answered_at_{SteadyTime{}};  ///< when any of the connections has last been of use
  mutable std::mutex mutex_;
  std::condition_variable work_;  ///< for threads with a connection
  std::condition_variable help_;  ///< for those without one
  std::condition_variable answered_;
  std::condition_variable changed_;  ///< `connected_` or `failing_`
  std::condition_variable pause_;    ///< only ever ended by `stopping_`
  TicketList waiting_;
  bool stopping_ = false;
  std::size_t idle_ = 0;  ///< threads that wait with a connection
  std::size_t connected_ = 0;
  bool make_way_ = false;
  std::uint64_t losses_ = 0;      ///< connections that were found closed: the others may be, too
  std::uint64_t generation_ = 0;  ///< the last that all were told of
  std::size_t failing_ = 0;       ///< threads whose last attempt to connect has failed
  std::string why_failing_;
  std::atomic<std::uint64_t> admitted_{0};
  // Last: they use all of the above.
  Periodic watch_;
  std::vector<std::thread> threads_;
};

}  // namespace latchkey::db::postgres
