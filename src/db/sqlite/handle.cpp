#include "db/sqlite/handle.h"

#include "db/error.h"
#include "db/sqlite/memory.h"
#include "db/sqlite/test_disk.h"

namespace latchkey::db::sqlite {
namespace {

// Sanitizers are to see what is used after it was given back.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

void configure_once() {
  // Too late when somebody has used SQLite before us; then the flags of each connection do.
  static const int configured = [] {
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);  // one lock less at each allocation
    if (!sanitized) sqlite3_config(SQLITE_CONFIG_MALLOC, &small_block_methods());
    const int code = sqlite3_initialize();
#ifdef LATCHKEY_TEST_HOOKS
    install_test_disk();
#endif
    return code;
  }();
  if (configured != SQLITE_OK) throw Fault("SQLite does not start");
}

}  // namespace

void throw_sqlite(sqlite3* db, int code, std::string_view doing) {
  const int extended = db != nullptr ? sqlite3_extended_errcode(db) : code;
  // The message of the connection belongs to the newest call on it, which a reset may have been.
  const int most = (extended & 0xff) == (code & 0xff) ? extended : code;
  std::string text = sqlite3_errstr(code);
  if (db != nullptr && most == extended && text != sqlite3_errmsg(db))
    text.append(": ").append(sqlite3_errmsg(db));
  text.append(" (SQLite ").append(std::to_string(most)).append(") ").append(doing);
  if (most == SQLITE_IOERR_FSYNC || most == SQLITE_IOERR_DIR_FSYNC) throw SyncFailure(text);
  if (most == SQLITE_CONSTRAINT_TRIGGER) throw Held(text);
  switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_INTERRUPT:
      throw Unavailable(text);
    case SQLITE_CONSTRAINT:
      throw ConstraintViolation(text);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw Corrupt(text);
    default:
      throw Fault(text);
  }
}

std::string run_sql(sqlite3* db, const char* sql) {
  sqlite3_stmt* raw = nullptr;
  const int prepared = sqlite3_prepare_v2(db, sql, -1, &raw, nullptr);
  const SqliteStatement statement(raw);
  check_sqlite(db, prepared, sql);
  std::string first;
  bool found = false;
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement.get())) == SQLITE_ROW) {
    if (found || sqlite3_column_count(statement.get()) == 0) continue;
    found = true;
    if (const auto* text = sqlite3_column_text(statement.get(), 0))
      first = reinterpret_cast<const char*>(text);
  }
  if (code != SQLITE_DONE) throw_sqlite(db, code, sql);
  return first;
}

SqliteHandle open_without_reading(const std::filesystem::path& file, SqliteAccess access) {
  configure_once();
  sqlite3* raw = nullptr;
  const int mode = access == SqliteAccess::write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  const int opened =
      sqlite3_open_v2(file.c_str(), &raw,
                      mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE, nullptr);
  SqliteHandle db(raw);
  check_sqlite(raw, opened, "while opening " + file.string());
  return db;
}

SqliteHandle open_sqlite_handle(const std::filesystem::path& file, SqliteAccess access) {
  SqliteHandle db = open_without_reading(file, access);
  sqlite3* const raw = db.get();
  const bool writes = access == SqliteAccess::write;

  const auto set = [raw](int option, int on) { sqlite3_db_config(raw, option, on, nullptr); };
  set(SQLITE_DBCONFIG_DEFENSIVE, 1);
  set(SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0);
  set(SQLITE_DBCONFIG_DQS_DDL, 0);
  set(SQLITE_DBCONFIG_DQS_DML, 0);
  set(SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0);
  set(SQLITE_DBCONFIG_ENABLE_FKEY, 1);
  // Only the writer may copy the log back, also when it is not the last to close.
  set(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, writes ? 0 : 1);
  sqlite3_limit(raw, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_wal_autocheckpoint(raw, 0);
  for (const char* pragma :
       {"PRAGMA temp_store = MEMORY", "PRAGMA cell_size_check = ON", "PRAGMA mmap_size = 0",
        "PRAGMA synchronous = FULL", "PRAGMA secure_delete = FAST"}) {
    run_sql(raw, pragma);
  }
  if (!writes) run_sql(raw, "PRAGMA query_only = ON");
  return db;
}

}  // namespace latchkey::db::sqlite
