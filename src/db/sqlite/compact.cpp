#include "db/sqlite/compact.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/test_point.h"
#include "db/error.h"
#include "db/sqlite/backup.h"
#include "db/sqlite/files.h"
#include "db/sqlite/free_space.h"
#include "db/sqlite/handle.h"

namespace latchkey::db::sqlite {
namespace {

namespace fs = std::filesystem;

fs::path work_folder(const fs::path& directory) { return directory / "compact"; }

/// What the file system and others need beside the copy.
constexpr std::uintmax_t slack = 16 << 20;

void require_room(const fs::path& directory, std::uintmax_t bytes) {
  const auto room = fs::space(directory).available;
  if (room >= bytes + slack) return;
  throw Unavailable("the store has " + std::to_string(bytes >> 20) +
                    " MiB, and its new file may need as much: " + "the disk of " + directory.string() +
                    " has " + std::to_string(room >> 20) + " MiB left");
}

/// An empty file that is ours alone, for SQLite to fill.
fs::path make_work_file(const fs::path& directory) {
  discard_compaction(directory);
  const fs::path folder = work_folder(directory);
  const fs::path file = folder / "latchkey.db";
  const int made = ::mkdir(folder.c_str(), 0700);
  const int fd = made == 0 ? create_private_file(file) : -1;
  if (fd < 0) throw Fault("cannot make " + file.string() + ": " + std::strerror(errno));
  ::close(fd);
  return file;
}

void write_anew(sqlite3* db, const fs::path& to) {
  prepare_giving_back(db);
  sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 1);  // how SQLite writes into another file
  sqlite3_stmt* raw = nullptr;
  const int prepared = sqlite3_prepare_v2(db, "VACUUM INTO ?1", -1, &raw, nullptr);
  const SqliteStatement statement(raw);
  check_sqlite(db, prepared, "while preparing to compact");
  const std::string name = to.string();
  sqlite3_bind_text(raw, 1, name.c_str(), -1, SQLITE_TRANSIENT);
  const int code = sqlite3_step(raw);
  if (code != SQLITE_DONE) throw_sqlite(db, code, "while writing " + name);
}

/// The old file in its last state: whole by itself, without a log that a new file of its name would be taken
/// to belong to.
void close_for_good(SqliteHandle db, const fs::path& file) {
  if (run_sql(db.get(), "PRAGMA journal_mode = DELETE") != "delete")
    throw Unavailable("another program has " + file.string() + " open");
  db.reset();
  sync_path(file.parent_path());
}

}  // namespace

bool discard_compaction(const fs::path& directory) {
  std::error_code error;
  const auto removed = fs::remove_all(work_folder(directory), error);
  return !error && removed > 0;
}

Compacted compact(const DataLock&, const fs::path& directory) {
  const fs::path file = directory / "latchkey.db";
  prepare_file(file);
  SqliteHandle db = open_checked(file);
  Compacted compacted{.bytes_before = fs::file_size(file)};
  require_room(directory, compacted.bytes_before);
  try {
    const fs::path copy = make_work_file(directory);
    write_anew(db.get(), copy);
    test_point("compact.written");
    const auto problems = check_sqlite_integrity(copy, {});
    if (!problems.empty()) throw Corrupt("the new file of the store is damaged: " + problems.front());
    compacted.bytes_after = fs::file_size(copy);
    sync_path(copy);
    close_for_good(std::move(db), file);
    test_point("compact.old_closed");
    if (::rename(copy.c_str(), file.c_str()) != 0)
      throw Fault("cannot replace " + file.string() + ": " + std::strerror(errno));
    sync_path(directory);
    test_point("compact.in_place");
  } catch (...) {
    discard_compaction(directory);
    throw;
  }
  discard_compaction(directory);
  return compacted;
}

}  // namespace latchkey::db::sqlite
