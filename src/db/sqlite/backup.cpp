#include "db/sqlite/backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/test_point.h"
#include "db/backup.h"
#include "db/error.h"
#include "db/sqlite/files.h"
#include "db/sqlite/handle.h"
#include "db/sqlite/schema_check.h"

namespace latchkey::db::sqlite {
namespace {

namespace fs = std::filesystem;

struct FinishBackup {
  void operator()(sqlite3_backup* backup) const { sqlite3_backup_finish(backup); }
};

/// Removes an unfinished file when it goes.
class Unfinished {
 public:
  explicit Unfinished(fs::path path) : path_(std::move(path)) {}
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  ~Unfinished() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove(path_, ignored);
  }
  void keep() { path_.clear(); }

 private:
  fs::path path_;
};

void refuse_when_stopping(const std::stop_token& stop) {
  if (stop.stop_requested()) throw Unavailable("the server is stopping: run the command again");
}

/// Copies page by page into `to`, which exists, is empty and is not open elsewhere.
void copy_database(const fs::path& from, const fs::path& to, const std::stop_token& stop) {
  const SqliteHandle source = open_sqlite_handle(from, SqliteAccess::read);
  sqlite3_busy_timeout(source.get(), 5000);
  // With a snapshot of our own the copy needs not begin again at every write. The log grows as long as we
  // take.
  run_sql(source.get(), "BEGIN");
  run_sql(source.get(), "SELECT count(*) FROM sqlite_schema");

  const SqliteHandle target = open_sqlite_handle(to, SqliteAccess::write);
  run_sql(target.get(), "PRAGMA synchronous = OFF");  // synced once, below
  std::unique_ptr<sqlite3_backup, FinishBackup> copy(
      sqlite3_backup_init(target.get(), "main", source.get(), "main"));
  if (!copy) throw_sqlite(target.get(), sqlite3_errcode(target.get()), "while starting a copy");
  int code = SQLITE_OK;
  while (code == SQLITE_OK) {
    refuse_when_stopping(stop);
    code = sqlite3_backup_step(copy.get(), 512);
    test_point("backup.step");
  }
  if (code != SQLITE_DONE) throw_sqlite(target.get(), code, "while copying to " + to.string());
  const int finished = sqlite3_backup_finish(copy.release());
  check_sqlite(target.get(), finished, "while copying to " + to.string());
  // So that the file is whole without companions and can be read where nothing may be written.
  run_sql(target.get(), "PRAGMA journal_mode = DELETE");
}

/// Renames, and makes the new name survive a power cut.
void move(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0)
    throw Fault("cannot make " + to.string() + ": " + std::strerror(errno));
  sync_path(fs::absolute(to).parent_path());
}

std::vector<std::string> find_problems(sqlite3* db, const std::stop_token& stop) {
  // It reads the whole file, in one step.
  const std::stop_callback interrupt(stop, [db] { sqlite3_interrupt(db); });
  std::vector<std::string> problems;
  for (const char* check : {"PRAGMA integrity_check(100)", "PRAGMA foreign_key_check"}) {
    sqlite3_stmt* raw = nullptr;
    const int prepared = sqlite3_prepare_v2(db, check, -1, &raw, nullptr);
    const SqliteStatement statement(raw);
    check_sqlite(db, prepared, check);
    int result = SQLITE_ROW;
    while ((result = sqlite3_step(raw)) == SQLITE_ROW) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(raw, 0));
      const std::string found = text == nullptr ? "" : text;
      if (sqlite3_column_count(raw) > 1) {
        problems.push_back("a row of " + found + " refers to a row that does not exist");
      } else if (found != "ok") {
        problems.push_back(found);
      }
    }
    if (result != SQLITE_DONE) {
      refuse_when_stopping(stop);
      throw_sqlite(db, result, check);
    }
  }
  return problems;
}

}  // namespace

void backup_sqlite(const fs::path& from, const fs::path& to, std::stop_token stop) {
  if (fs::exists(fs::symlink_status(to))) throw Fault(to.string() + " already exists");
  const fs::path part = with_suffix(to, ".part");
  std::error_code ignored;
  fs::remove(part, ignored);
  const int fd = create_private_file(part);
  if (fd < 0) throw Fault("cannot make " + part.string() + ": " + std::strerror(errno));
  ::close(fd);
  Unfinished unfinished(part);
  copy_database(from, part, stop);
  sync_path(part);
  test_point("backup.synced");
  try {
    move(part, to);
  } catch (...) {
    // Under its name it would be taken for a backup that is kept.
    fs::remove(to, ignored);
    throw;
  }
  unfinished.keep();
}

std::vector<std::string> check_sqlite_integrity(const fs::path& file, std::stop_token stop) {
  try {
    const SqliteHandle db = open_sqlite_handle(file, SqliteAccess::read);
    sqlite3_busy_timeout(db.get(), 5000);
    return find_problems(db.get(), stop);
  } catch (const Corrupt& error) {
    return {error.what()};
  }
}

}  // namespace latchkey::db::sqlite

namespace latchkey::db {

using namespace sqlite;

void backup(Database& database, const fs::path& file, std::stop_token stop) {
  database.driver().backup(file, std::move(stop));
}
std::vector<std::string> check_integrity(Database& database, std::stop_token stop) {
  return database.driver().check_integrity(std::move(stop));
}

void make_restore_directory(const fs::path& backup, const fs::path& directory,
                            std::span<const std::string> schema_scripts, std::stop_token stop) {
  fs::remove_all(directory);
  if (::mkdir(directory.c_str(), 0700) != 0)
    throw Fault("cannot make " + directory.string() + ": " + std::strerror(errno));
  const fs::path file = directory / "latchkey.db";
  backup_sqlite(backup, file, stop);
  // First: a full check evaluates what a foreign schema says.
  refuse_foreign_schema(file, schema_scripts);
  const auto problems = check_sqlite_integrity(file, stop);
  if (!problems.empty()) throw Corrupt("the backup " + backup.string() + " is damaged: " + problems.front());
}

namespace {

fs::path replaced_name(const fs::path& directory, int number) {
  return directory /
         (number == 1 ? "latchkey.db.replaced" : "latchkey.db.replaced-" + std::to_string(number));
}

/// Gives a file a second name, or a copy on a file system without links.
void keep(const fs::path& file, const fs::path& name) {
  if (::link(file.c_str(), name.c_str()) != 0) fs::copy_file(file, name);
}

/// How many are there, without a gap: what an operator has removed makes room.
int count_replaced(const fs::path& directory) {
  int count = 0;
  while (fs::exists(replaced_name(directory, count + 1))) ++count;
  return count;
}

}  // namespace

std::optional<fs::path> newest_replaced(const fs::path& directory) {
  const int count = count_replaced(directory);
  if (count == 0) return std::nullopt;
  return replaced_name(directory, count);
}

void swap_in(const DataLock&, const fs::path& restored, const fs::path& directory) {
  const fs::path file = directory / "latchkey.db";
  const fs::path kept = replaced_name(directory, count_replaced(directory) + 1);
  std::error_code ignored;
  try {
    // So that the old file is whole by itself, and its header says so.
    if (fs::exists(file)) {
      const SqliteHandle old = open_sqlite_handle(file, SqliteAccess::write);
      run_sql(old.get(), "PRAGMA wal_checkpoint(TRUNCATE)");
      run_sql(old.get(), "PRAGMA journal_mode = DELETE");
    }
  } catch (const std::exception&) {  // damaged: perhaps why it is replaced
  }
  test_point("restore.old_closed");
  fs::remove(kept, ignored);
  const bool is_there = fs::exists(file);
  if (is_there) keep(file, kept);
  bool has_log = false;
  for (const char* suffix : {"-wal", "-journal"}) {
    fs::remove(with_suffix(kept, suffix), ignored);
    if (!fs::exists(with_suffix(file, suffix))) continue;
    keep(with_suffix(file, suffix), with_suffix(kept, suffix));
    has_log = true;
  }
  if (has_log) {
    // What is left of a log belongs to the old file, and would be taken for the new one's. The old file goes
    // first: without its log it would be served as it was before what only the log has. Until the new one is
    // in place there is no store, and a start says so.
    sync_path(directory);
    if (is_there) fs::remove(file);
    sync_path(directory);
    test_point("restore.old_aside");
    for (const char* suffix : {"-wal", "-journal"}) fs::remove(with_suffix(file, suffix), ignored);
  }
  fs::remove(with_suffix(file, "-shm"), ignored);
  test_point("restore.old_kept");
  sync_path(restored / file.filename());
  move(restored / file.filename(), file);
  test_point("restore.in_place");
  fs::remove_all(restored, ignored);
}

}  // namespace latchkey::db
