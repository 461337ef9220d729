#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "base/time.h"
#include "db/driver.h"

namespace latchkey::db::sqlite {

/// How the embedded database is run. The defaults are for one server with some million users.
struct SqliteOptions {
  /// The data directory: it must exist. Holds `latchkey.db`, `latchkey.db-wal`, `latchkey.db-shm` (all 0600)
  /// and `lock`.
  std::filesystem::path directory;

  /// Writes that may wait at once; one more is refused with `Unavailable`. At 1 ms for a sync and full
  /// batches this many wait for about 20 ms.
  std::size_t max_queue = 8192;
  /// Writes that share one commit at most: what a lost batch makes us run again one by one.
  std::size_t max_batch = 256;

  /// How long a write waits for another program that has the database locked (a shell that an operator
  /// opened).
  std::chrono::milliseconds busy_timeout{2000};

  /// Pages of 4 KiB in the log from which it is copied back between two batches, in passing; from half of
  /// that to eight times as many, by how long a copy takes (db/sqlite/checkpoint.h) …
  std::uint32_t checkpoint_pages = 1000;
  /// … and from which the writer waits for readers until the log can start anew, which bounds its size.
  std::uint32_t restart_pages = 16384;

  /// Page cache of the writer and of each reading thread: a share of the file as it is at the start, between
  /// these bounds. A thousand accounts spread over ten million take 20 MiB; a small file fills none of it.
  std::uintmax_t least_cache_kib = 16 * 1024;
  std::uintmax_t most_cache_kib = 64 * 1024;
  /// A file that is larger than this number of pages answers "disk full"; 0 is no limit. For tests.
  std::uint32_t max_pages = 0;
};

/// Opens the database of a data directory, and makes it when there is none. Takes the directory for this
/// process (db/data_lock.h). Throws `InUse` when another process has it, `Corrupt` when the file is damaged
/// or not ours (a quick look at header and schema: `check_integrity` reads everything), `Unavailable` or
/// `Fault` otherwise.
std::unique_ptr<Driver> open_sqlite(const SqliteOptions& options);

}  // namespace latchkey::db::sqlite
