#pragma once

#include <chrono>
#include <cstdint>

#include "db/sqlite/connection.h"
#include "db/sqlite/driver.h"

namespace latchkey::db::sqlite {

/// Copies the write-ahead log back into the database, on the writer's thread and between its batches: never
/// inside a commit, where it would cost every request of the batch tens of milliseconds. Used by that thread
/// alone.
///
/// All writes wait for a copy, and what it takes depends on how many different pages the log has: a page that
/// changed a hundred times is written once. So pieces grow while copies are short, which spares work where
/// few pages change again and again, and shrink when they take long, as where each write changes a page of
/// its own.
///
/// SQLite starts the log anew by itself when all of it is copied and no reader needs it, which does not
/// happen under steady load; so above `restart_pages` the writer waits for the readers, who hold a snapshot
/// for one turn of their loop at most. A backup holds one for longer. That shows in how far a piece comes,
/// and such a reader is not waited for: the log grows until it has gone, and is cut short when nothing
/// happens.
class SqliteCheckpoint {
 public:
  SqliteCheckpoint(SqliteConnection& connection, const SqliteOptions& options);
  SqliteCheckpoint(const SqliteCheckpoint&) = delete;
  SqliteCheckpoint& operator=(const SqliteCheckpoint&) = delete;

  /// After a commit: a piece when enough has gathered. Throws what the disk says.
  void after_commit();
  /// When nothing waits: whatever there is.
  void when_idle();
  bool has_work_when_idle() const { return log_pages_ > copied_pages_ || is_long(); }

  std::uint32_t log_pages() const { return log_pages_; }
  std::uint64_t pieces() const { return pieces_; }

 private:
  void copy(int mode);
  bool is_long() const { return log_pages_ >= options_.restart_pages; }
  /// The next piece, by what the last one took.
  void adapt(std::chrono::steady_clock::duration taken);

  SqliteConnection& connection_;
  const SqliteOptions& options_;
  std::uint32_t log_pages_ = 0;
  std::uint32_t tried_pages_ = 0;   ///< so long was the log when it was last copied
  std::uint32_t copied_pages_ = 0;  ///< and so many of it have been
  bool readers_move_ = true;        ///< none was found that has stood still since the piece before
  std::uint32_t piece_;             ///< pages of the log
  std::uint32_t next_restart_;
  std::uint64_t pieces_ = 0;
};

}  // namespace latchkey::db::sqlite
