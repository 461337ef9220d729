#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "db/sqlite/checkpoint.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/driver.h"
#include "db/sqlite/file_watch.h"
#include "db/ticket.h"

namespace latchkey::db::sqlite {

/// The only connection that writes, and its thread. It takes what waits, runs it in one transaction, syncs
/// once, and only then answers. Any thread may call, except where noted.
///
/// After a sync that failed nothing is written until this thread has closed its connection and opened the
/// store anew by `reopen` (db/sqlite/files.h says what that checks and syncs). It tries by itself, with
/// pauses that grow to five seconds, for as long as it takes.
class SqliteWriter {
 public:
  using Reopen = std::function<SqliteHandle()>;

  SqliteWriter(SqliteHandle handle, const SqliteOptions& options, Reopen reopen);
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
  /// How often the store has been opened: a reader that was opened before the last time is to be replaced.
  std::uint64_t openings() const { return openings_.load(std::memory_order_acquire); }
  Statistics statistics() const;
  std::optional<std::string> trouble() const;

  /// The files of the store are not where they were, or are again: meanwhile every write is refused with the
  /// sentence. Where only the log has lost its name, this thread copies back what it holds.
  void note_files(FileWatch::Missing missing, const std::string& why);

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
  void take(SqliteHandle handle);
  void close_for_good();
  void read_from_log_alone() noexcept;
  /// Tries to open the store anew when the pause is over.
  void reopen_when_due();
  void refuse_while_files_are_gone();
  bool is_missing(FileWatch::Missing what) const { return missing_.load(std::memory_order_relaxed) == what; }
  bool checkpoint_has_work() const { return checkpoint_.has_value() && checkpoint_->has_work_when_idle(); }

  SqliteOptions options_;
  const std::filesystem::path file_;
  const Reopen reopen_;
  // These are the thread's own. Without a connection the store is closed, and to be opened anew.
  std::optional<SqliteConnection> connection_;
  std::optional<SqliteCheckpoint> checkpoint_;
  bool closed_ = false;
  std::chrono::steady_clock::time_point reopen_at_;
  std::chrono::milliseconds reopen_pause_{0};
  bool checkpoint_failed_ = false;
  bool troubled_ = false;

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable answered_;
  TicketList waiting_;
  bool stopping_ = false;
  std::optional<std::string> trouble_;
  std::optional<std::string> files_gone_;
  std::atomic<FileWatch::Missing> missing_{FileWatch::Missing::nothing};

  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::uint64_t> openings_{1};
  std::atomic<std::uint64_t> admitted_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> jobs_{0};
  std::atomic<std::uint64_t> checkpoints_{0};
  std::atomic<std::uint64_t> log_pages_{0};
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace latchkey::db::sqlite
