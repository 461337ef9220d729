#include "db/sqlite_checkpoint.h"

#include <algorithm>

#include "base/log.h"

namespace latchkey::db {
namespace {

constexpr int patience_with_readers_ms = 100;

constexpr std::chrono::milliseconds short_copy{8};
constexpr std::chrono::milliseconds long_copy{16};

}  // namespace

SqliteCheckpoint::SqliteCheckpoint(SqliteConnection& connection, const SqliteOptions& options)
    : connection_(connection),
      options_(options),
      piece_(options.checkpoint_pages),
      next_restart_(options.restart_pages) {
  sqlite3_wal_hook(
      connection_.get(),
      [](void* self, sqlite3*, const char*, int pages) {
        auto& checkpoint = *static_cast<SqliteCheckpoint*>(self);
        const auto now = static_cast<std::uint32_t>(pages);
        if (now < checkpoint.log_pages_) {  // the log has started anew
          checkpoint.copied_pages_ = 0;
          checkpoint.next_restart_ = checkpoint.options_.restart_pages;
        }
        checkpoint.log_pages_ = now;
        return SQLITE_OK;
      },
      this);
}

void SqliteCheckpoint::after_commit() {
  if (log_pages_ >= next_restart_) {
    copy(SQLITE_CHECKPOINT_RESTART);
  } else if (log_pages_ >= copied_pages_ + piece_) {
    copy(SQLITE_CHECKPOINT_PASSIVE);
  }
}

void SqliteCheckpoint::when_idle() {
  if (has_backlog()) copy(SQLITE_CHECKPOINT_PASSIVE);
}

void SqliteCheckpoint::copy(int mode) {
  sqlite3* db = connection_.get();
  // Counts as copied whatever comes of it: what readers or the disk held back is tried again with the next
  // piece, not at every commit.
  copied_pages_ = log_pages_;
  if (mode == SQLITE_CHECKPOINT_RESTART) next_restart_ = log_pages_ + options_.restart_pages / 4;
  ++pieces_;
  sqlite3_busy_timeout(db, patience_with_readers_ms);
  const auto started = std::chrono::steady_clock::now();
  const int code = sqlite3_wal_checkpoint_v2(db, nullptr, mode, nullptr, nullptr);
  // One that waits for readers says nothing of the disk.
  if (mode == SQLITE_CHECKPOINT_PASSIVE) adapt(std::chrono::steady_clock::now() - started);
  sqlite3_busy_timeout(db, static_cast<int>(options_.busy_timeout.count()));
  if ((code & 0xff) == SQLITE_BUSY) {
    log::debug("db.checkpoint_waits", {{"log_pages", log_pages_}});
  } else {
    check_sqlite(db, code, "while copying the log back");
  }
}

void SqliteCheckpoint::adapt(std::chrono::steady_clock::duration taken) {
  if (taken > long_copy) {
    piece_ = std::max(piece_ / 2, options_.checkpoint_pages / 2);
  } else if (taken < short_copy) {
    piece_ = std::min(piece_ * 2, options_.checkpoint_pages * 8);
  }
}

}  // namespace latchkey::db
