#pragma once

#include <cstdint>
#include <exception>
#include <filesystem>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/task.h"
#include "base/time.h"
#include "db/connection.h"

namespace latchkey::db {

/// One statement of a job, taken apart: for a driver that sends it now and reads the answer in a later turn
/// of its event loop. A driver may go through it again when the first answer was lost for no fault of the
/// job.
class StatementCall : public RowSink {
 public:
  virtual const StatementText& text() const = 0;
  /// Writes the `text().parameters.size()` values into `room`; they are borrowed from the caller's arguments
  /// and stay until the job is done.
  virtual void encode(std::span<Value> room) const = 0;
  /// Forgets the rows of an earlier run.
  virtual void begin() = 0;
  // The rows come in between, through RowSink::row.
  virtual void finish(std::int64_t affected) = 0;

 protected:
  ~StatementCall() = default;
};

/// Work on its way to the database and back. It lives where its caller waits (a coroutine frame, a stack),
/// never moves, and links itself into the driver's queues, so that queueing allocates nothing.
class Job {
 public:
  enum class Kind : std::uint8_t {
    statement,
    unit,  ///< several statements, known beforehand, that are committed together or not at all
    transaction
  };

  explicit Job(Kind kind) : kind_(kind) {}
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  Kind kind() const { return kind_; }
  /// The statements in their order; none of a `Kind::transaction`, which finds them as it goes.
  virtual std::span<StatementCall* const> calls() { return {}; }
  /// Runs on a thread of the driver, inside a transaction. A driver may call it again when that transaction
  /// was lost for no fault of this job; each run starts the result afresh.
  virtual void execute(Connection& connection) = 0;

 protected:
  ~Job() = default;

 private:
  Kind kind_;
};

/// What the driver has done since it was opened; for metrics and tests.
struct Statistics {
  std::uint64_t jobs = 0;         ///< writes that were answered, well or not
  std::uint64_t commits = 0;      ///< transactions that were synced
  std::uint64_t queued = 0;       ///< writes that wait now
  std::uint64_t refused = 0;      ///< writes that found the queue full
  std::uint64_t checkpoints = 0;  ///< SQLite: pieces of the log copied back
  std::uint64_t log_pages = 0;    ///< SQLite: pages in the write-ahead log now
};

/// What a step of giving free space back did.
struct GivenBack {
  std::int64_t pages = 0;
  bool more = false;    ///< whether another step would find something
  Microseconds held{};  ///< for so long no other write could run
};

/// One open database. `Database` is its only user; the comments there are the promise. Any thread may call
/// what does not say otherwise.
class Driver {
 public:
  virtual ~Driver() = default;
  Driver() = default;
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  virtual void attach_thread(asio::io_context& io) = 0;
  virtual void detach_thread() = 0;

  /// A connection on which the calling thread may read at once, in a snapshot that holds every write that was
  /// answered before the call, and that stays the same until the thread returns to its event loop or calls
  /// again. nullptr: this database reads through `submit_read`.
  virtual Connection* reader() = 0;
  /// Run `job` and resume the calling coroutine on its thread; throws what went wrong.
  virtual Task<> submit_read(Job& job) = 0;
  virtual Task<> submit_write(Job& job) = 0;

  virtual void read_now(Job& job) = 0;
  virtual void write_now(Job& job) = 0;

  virtual Statistics statistics() const = 0;
  virtual std::optional<std::string> trouble() const = 0;
  /// Whether this process is the one that does what is done once for all nodes of the database. Another one
  /// takes over some seconds after it has gone.
  virtual bool leads() const { return true; }
  /// See `Database::give_free_space_back`. PostgreSQL does that by itself.
  virtual GivenBack give_free_space_back(std::int64_t /*most_pages*/) { return {}; }
  virtual void backup(const std::filesystem::path& file, std::stop_token stop) = 0;
  virtual std::vector<std::string> check_integrity(std::stop_token stop) = 0;
};

}  // namespace latchkey::db
