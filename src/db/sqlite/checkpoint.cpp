#include "db/sqlite/checkpoint.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/test_point.h"

namespace latchkey::db::sqlite {
namespace {

constexpr int patience_with_readers_ms = 50;

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
          checkpoint.tried_pages_ = checkpoint.copied_pages_ = 0;
          checkpoint.next_restart_ = checkpoint.options_.restart_pages;
        }
        checkpoint.log_pages_ = now;
        return SQLITE_OK;
      },
      this);
}

void SqliteCheckpoint::after_commit() {
  if (log_pages_ >= next_restart_ && readers_move_) {
    copy(SQLITE_CHECKPOINT_RESTART);
  } else if (log_pages_ >= tried_pages_ + piece_) {
    copy(SQLITE_CHECKPOINT_PASSIVE);
  }
}

void SqliteCheckpoint::when_idle() {
  if (log_pages_ > copied_pages_) {
    copy(SQLITE_CHECKPOINT_PASSIVE);
  } else if (is_long()) {
    // Who starts after a crash reads all of it, copied or not.
    copy(SQLITE_CHECKPOINT_TRUNCATE);
  }
}

void SqliteCheckpoint::copy(int mode) {
  sqlite3* db = connection_.get();
  // What readers or the disk hold back is tried again with the next piece, not at every commit.
  const auto tried_before = std::exchange(tried_pages_, log_pages_);
  if (mode == SQLITE_CHECKPOINT_RESTART) next_restart_ = log_pages_ + options_.restart_pages / 4;
  ++pieces_;
  sqlite3_busy_timeout(db, mode == SQLITE_CHECKPOINT_RESTART ? patience_with_readers_ms : 0);
  const auto started = std::chrono::steady_clock::now();
  int copied = -1;
  test_point("checkpoint.before");
  const int code = sqlite3_wal_checkpoint_v2(db, nullptr, mode, nullptr, &copied);
  // One that waits for readers says nothing of the disk.
  test_point("checkpoint.after");
  if (mode == SQLITE_CHECKPOINT_PASSIVE) adapt(std::chrono::steady_clock::now() - started);
  sqlite3_busy_timeout(db, static_cast<int>(options_.busy_timeout.count()));
  if (copied >= 0) {
    copied_pages_ = static_cast<std::uint32_t>(copied);
    readers_move_ = (code & 0xff) != SQLITE_BUSY && copied_pages_ > 0 && copied_pages_ >= tried_before;
  }
  if ((code & 0xff) == SQLITE_BUSY) {
    log::debug("db.checkpoint_waits", {{"log_pages", log_pages_}});
    return;
  }
  check_sqlite(db, code, "while copying the log back");
  if (mode == SQLITE_CHECKPOINT_TRUNCATE) {
    log_pages_ = tried_pages_ = copied_pages_ = 0;
    next_restart_ = options_.restart_pages;
    readers_move_ = true;
  }
}

void SqliteCheckpoint::adapt(std::chrono::steady_clock::duration taken) {
  if (taken > long_copy) {
    piece_ = std::max(piece_ / 2, options_.checkpoint_pages / 2);
  } else if (taken < short_copy) {
    piece_ = std::min(piece_ * 2, options_.checkpoint_pages * 8);
  }
}

}  // namespace latchkey::db::sqlite
