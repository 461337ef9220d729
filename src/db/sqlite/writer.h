#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "db/sqlite/checkpoint.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/driver.h"
#include "db/ticket.h"

namespace latchkey::db::sqlite {

/// The only connection that writes, and its thread. It takes what waits, runs it in one transaction, syncs
/// once, and only then answers. Any thread may call, except where noted.
class SqliteWriter {
 public:
  SqliteWriter(SqliteHandle handle, const SqliteOptions& options);
  SqliteWriter(const SqliteWriter&) = delete;
  SqliteWriter& operator=(const SqliteWriter&) = delete;
  ~SqliteWriter();

  /// Answers everything that waits and ends the thread. Nothing may be pushed afterwards.
  void stop();

  /// Counts one more write among those that wait; throws `Unavailable` when there are too many. Each ticket
  /// is admitted once before it is pushed.
  void admit();
  void push(TicketList tickets);
  /// Blocks until the job is done; throws what went wrong.
  void run_and_wait(Job& job);

  /// Blocks until `home` has been handed the outcome of as many tickets.
  void wait_for_answers(const TicketHome& home, std::uint64_t count);

  /// How many transactions are durable. Moves after a commit and before anybody hears of it, so that who
  /// reads it first and opens a snapshot then misses nothing that was answered.
  std::uint64_t commits() const { return commits_.load(std::memory_order_acquire); }
  Statistics statistics() const;
  std::optional<std::string> trouble() const;

 private:
  void run();
  TicketList take_batch();
  void run_batch(const TicketList& batch);
  void run_alone(Ticket& ticket);
  /// False when the transaction around the ticket is gone, and with it what the others did in it.
  bool run_inside(Ticket& ticket);
  void begin();
  void finish();
  void roll_back_if_open() noexcept;
  void answer(TicketList batch);
  enum class Moment : std::uint8_t { after_commit, idle };
  void copy_log_back(Moment moment);
  void note_failure(const std::exception& error);

  SqliteOptions options_;
  SqliteConnection connection_;
  SqliteCheckpoint checkpoint_;
  // These three are the thread's own.
  bool sync_failed_ = false;
  bool checkpoint_failed_ = false;
  bool troubled_ = false;

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable answered_;
  TicketList waiting_;
  bool stopping_ = false;
  std::optional<std::string> trouble_;

  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::uint64_t> admitted_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> jobs_{0};
  std::atomic<std::uint64_t> checkpoints_{0};
  std::atomic<std::uint64_t> log_pages_{0};
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace latchkey::db::sqlite
