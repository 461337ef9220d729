#include "db/sqlite/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/test_point.h"
#include "db/error.h"
#include "db/sqlite/free_space.h"
#include "db/sqlite/log_index.h"
#include "db/sqlite/test_disk.h"

namespace latchkey::db::sqlite {
namespace {

namespace fs = std::filesystem;

/// "Lkey", in the header of every database of ours.
constexpr std::int64_t application_id = 0x4c6b6579;
/// Small files are read in full at start, it takes a few milliseconds; large ones when the operator asks.
constexpr std::uintmax_t full_check_bytes = 4 << 20;

[[noreturn]] void throw_errno(const fs::path& path, const char* doing) {
  const int reason = errno;
  throw Fault("cannot " + std::string(doing) + " " + path.string() + ": " + std::strerror(reason));
}

class File {
 public:
  File(const fs::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC)) {
    if (fd_ < 0) throw_errno(path, "open");
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { ::close(fd_); }
  int get() const { return fd_; }

 private:
  int fd_;
};

[[noreturn]] void throw_damaged(const fs::path& file, const std::string& reason) {
  throw Corrupt("the database " + file.string() + " is damaged (" + reason +
                "): restore a backup with `latchkey restore FILE`");
}

std::uint32_t big_endian(const unsigned char* bytes) {
  return (std::uint32_t{bytes[0]} << 24) | (std::uint32_t{bytes[1]} << 16) | (std::uint32_t{bytes[2]} << 8) |
         bytes[3];
}

/// https://sqlite.org/fileformat2.html §1.3
void check_header(const fs::path& file) {
  const auto size = fs::file_size(file);
  std::error_code none;
  const auto log_size = fs::file_size(with_suffix(file, "-wal"), none);
  if (size == 0) return;  // made by us, and killed before the first commit
  std::array<unsigned char, 100> head{};
  const File fd(file, O_RDONLY);
  if (::pread(fd.get(), head.data(), head.size(), 0) != static_cast<ssize_t>(head.size()) ||
      std::memcmp(head.data(), "SQLite format 3", 16) != 0) {
    throw_damaged(file, "it does not begin like an SQLite file");
  }
  const std::uint32_t raw_page_size = (std::uint32_t{head[16]} << 8) | head[17];
  const std::uint64_t page_size = raw_page_size == 1 ? 65536 : raw_page_size;
  const bool size_is_valid = std::memcmp(&head[24], &head[92], 4) == 0;
  // While the log holds pages the file may rightly be shorter than its header says.
  if (size_is_valid && (none || log_size == 0) && big_endian(&head[28]) * page_size > size) {
    throw_damaged(file, "its end is missing");
  }
}

/// After a sync that failed, the kernel counts pages as clean that never reached the disk, and a restart
/// would read them from memory and build on them. Writing the log afresh makes what we read now be what the
/// disk has. Nobody else may write it meanwhile: the caller holds SQLite's write lock.
void rewrite_log(sqlite3* db) {
  sqlite3_file* log = nullptr;
  check_sqlite(db, sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log),
               "looking for the log");
  if (log == nullptr || log->pMethods == nullptr) return;
  constexpr const char* doing = "while writing the log afresh";
  sqlite3_int64 size = 0;
  check_sqlite(db, log->pMethods->xFileSize(log, &size), doing);
  if (size == 0) return;
  // SQLite writes the remainder of 128 KiB at a time, which of a multiple is nothing.
  constexpr sqlite3_int64 piece = 1 << 16;
  const auto buffer = std::make_unique<char[]>(piece);
  for (sqlite3_int64 at = 0; at < size; at += piece) {
    const int length = static_cast<int>(std::min(piece, size - at));
    check_sqlite(db, log->pMethods->xRead(log, buffer.get(), length, at), doing);
    check_sqlite(db, log->pMethods->xWrite(log, buffer.get(), length, at), doing);
  }
  check_sqlite(db, log->pMethods->xSync(log, SQLITE_SYNC_NORMAL), doing);
}

void make_log_sound(sqlite3* db) {
  run_sql(db, "BEGIN IMMEDIATE");
  rewrite_log(db);
  run_sql(db, "ROLLBACK");
  test_point("open.log_rewritten");
}

/// SQLite syncs the directory when it has made the log, and does not look whether that worked: then the first
/// power cut would take the log with its name, and what was acknowledged with it. The log is there by now,
/// and stays until this connection closes.
void make_name_of_log_durable(const fs::path& file) {
  if (fs::exists(with_suffix(file, "-wal"))) sync_path(fs::absolute(file).parent_path());
}

/// Until all has gone well, closing the connection must not touch the log.
SqliteHandle open_for_writing(const fs::path& file) {
  forget_what_was_copied(file);
  SqliteHandle db = open_sqlite_handle(file, SqliteAccess::write);
  sqlite3_db_config(db.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_busy_timeout(db.get(), 2000);
  return db;
}

SqliteHandle after_all_went_well(SqliteHandle db) {
  sqlite3_db_config(db.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
  return db;
}

void check_identity(sqlite3* db, const fs::path& file) {
  const std::string id = run_sql(db, "PRAGMA application_id");
  if (id == std::to_string(application_id)) return;
  if (id != "0" || run_sql(db, "SELECT count(*) FROM sqlite_schema") != "0") {
    throw Corrupt(file.string() + " is a database of another program; give Latchkey a data_dir of its own");
  }
  prepare_giving_back(db);
  run_sql(db, ("PRAGMA application_id = " + std::to_string(application_id)).c_str());
}

/// Parses the schema and, in a file too large to read in full at start, visits the first pages of every
/// table.
void check_quickly(sqlite3* db, const fs::path& file) {
  if (fs::file_size(file) <= full_check_bytes) {
    const std::string found = run_sql(db, "PRAGMA quick_check(1)");
    if (found != "ok") throw_damaged(file, found);
    return;
  }
  const std::string checks = run_sql(db,
                                     "SELECT group_concat('SELECT count(*) FROM (SELECT 1 FROM \"' || name "
                                     "|| '\" NOT INDEXED LIMIT 1)', ' UNION ALL ') "
                                     "FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
  if (!checks.empty()) run_sql(db, checks.c_str());
}

}  // namespace

fs::path with_suffix(fs::path path, const char* suffix) { return path += suffix; }

int create_private_file(const fs::path& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd >= 0) ::fchmod(fd, 0600);
  return fd;
}

void sync_path(const fs::path& path) {
  const File fd(path, O_RDONLY);
#ifdef LATCHKEY_TEST_HOOKS
  if (!test_disk_syncs(path)) {
    errno = EIO;
    throw_errno(path, "sync");
  }
#endif
  if (::fsync(fd.get()) != 0) throw_errno(path, "sync");
}

void prepare_file(const fs::path& file) {
  // SQLite gives the log and its index the mode of the file.
  const int fd = create_private_file(file);
  if (fd >= 0) {
    ::close(fd);
    sync_path(file.parent_path());
    return;
  }
  if (errno != EEXIST) throw_errno(file, "make");
  for (const char* suffix : {"", "-wal", "-shm"}) {
    const auto path = with_suffix(file, suffix);
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0 || (info.st_mode & 077) == 0) continue;
    if (::chmod(path.c_str(), 0600) != 0) throw_errno(path, "make private");
  }
  check_header(file);
}

SqliteHandle open_checked(const fs::path& file) {
  try {
    SqliteHandle db = open_for_writing(file);
    check_identity(db.get(), file);  // before anything is changed
    if (run_sql(db.get(), "PRAGMA journal_mode = WAL") != "wal") {
      throw Fault("the file system of " + file.string() +
                  " cannot hold a write-ahead log (no shared memory?)");
    }
    make_log_sound(db.get());
    make_name_of_log_durable(file);
    try {
      run_sql(db.get(), "PRAGMA wal_checkpoint(TRUNCATE)");
    } catch (const SyncFailure&) {
      throw;
    } catch (const Unavailable&) {  // a full disk: what is there can be read all the same
    }
    check_quickly(db.get(), file);
    return after_all_went_well(std::move(db));
  } catch (const Corrupt& error) {
    const std::string what = error.what();
    if (what.find(file.string()) != std::string::npos) throw;
    throw_damaged(file, what);
  }
}

SqliteHandle reopen_checked(const fs::path& file) {
  SqliteHandle db = open_for_writing(file);
  check_identity(db.get(), file);
  make_log_sound(db.get());
  make_name_of_log_durable(file);
  const int copied =
      sqlite3_wal_checkpoint_v2(db.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if ((copied & 0xff) == SQLITE_BUSY)
    throw Unavailable("somebody who reads, such as a backup, still needs the log of the database");
  check_sqlite(db.get(), copied, "while copying the log back");
  test_point("open.log_copied");
  check_quickly(db.get(), file);
  return after_all_went_well(std::move(db));
}

}  // namespace latchkey::db::sqlite
