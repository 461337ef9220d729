#pragma once

#include <sqlite3.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace latchkey::db::sqlite {

/// The disk did not take what it had promised to keep. What it holds now is unknown until the file is read
/// afresh.
class SyncFailure : public Unavailable {
 public:
  using Unavailable::Unavailable;
};

struct CloseSqlite {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
struct FinalizeSqlite {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using SqliteHandle = std::unique_ptr<sqlite3, CloseSqlite>;
using SqliteStatement = std::unique_ptr<sqlite3_stmt, FinalizeSqlite>;

/// Throws what a result code means (db/error.h); `doing` ends the sentence.
[[noreturn]] void throw_sqlite(sqlite3* db, int code, std::string_view doing);
inline void check_sqlite(sqlite3* db, int code, std::string_view doing) {
  if (code != SQLITE_OK) throw_sqlite(db, code, doing);
}

enum class SqliteAccess : std::uint8_t { read, write };

/// A connection with every safety switch on. It has no mutex of its own: one thread at a time.
SqliteHandle open_sqlite_handle(const std::filesystem::path& file, SqliteAccess access);

/// The same before the first of its statements: SQLite has opened the file and read nothing, not even whether
/// it is a database. No switch is on.
SqliteHandle open_without_reading(const std::filesystem::path& file, SqliteAccess access);

/// Runs SQL text of ours that has no parameters; gives the first column of its first row as text, "" without
/// one.
std::string run_sql(sqlite3* db, const char* sql);

}  // namespace latchkey::db::sqlite
