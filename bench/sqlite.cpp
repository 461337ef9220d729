#include "sqlite.h"

#include "db/sqlite/driver.h"
#include "db/sqlite/memory.h"
#include "measure.h"

namespace latchkey::bench {
namespace {

[[noreturn]] void fail(sqlite3* db, std::string_view doing) {
  give_up(std::string("SQLite: ") + sqlite3_errmsg(db) + " while doing: " + std::string(doing));
}

/// As the server sets SQLite up, so that a limit program is not slower for want of what it could have as
/// well.
void configure_once() {
  [[maybe_unused]] static const bool done = [] {
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_MALLOC, &db::sqlite::small_block_methods());
    return true;
  }();
}

}  // namespace

Sqlite::Sqlite(const std::string& data_dir) {
  configure_once();
  const std::string file = data_dir + "/latchkey.db";
  if (sqlite3_open_v2(file.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr) !=
      SQLITE_OK) {
    fail(db_, "opening " + file);
  }
  run("PRAGMA foreign_keys = ON");
  // The log is copied back in pieces as large as the server's become while copies are short.
  const std::uint32_t piece = 8 * db::sqlite::SqliteOptions{}.checkpoint_pages;
  run(("PRAGMA wal_autocheckpoint = " + std::to_string(piece)).c_str());
  run("PRAGMA cache_size = -16384");  // KiB; the server has that for a store of the limit programs' size
}

Sqlite::~Sqlite() { sqlite3_close(db_); }

void Sqlite::run(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail(db_, sql);
}

std::int64_t Sqlite::number(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr) != SQLITE_OK ||
      sqlite3_step(statement) != SQLITE_ROW) {
    fail(db_, sql);
  }
  const std::int64_t result = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  return result;
}

Prepared::Prepared(Sqlite& database, std::string_view sql) : db_(database.get()) {
  if (sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                         &statement_, nullptr) != SQLITE_OK) {
    fail(db_, sql);
  }
}

Prepared::~Prepared() { sqlite3_finalize(statement_); }

Prepared& Prepared::bind(int parameter, std::int64_t number) {
  sqlite3_bind_int64(statement_, parameter, number);
  return *this;
}
Prepared& Prepared::bind(int parameter, std::string_view text) {
  sqlite3_bind_text(statement_, parameter, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  return *this;
}
Prepared& Prepared::bind(int parameter, std::span<const std::uint8_t> bytes) {
  sqlite3_bind_blob(statement_, parameter, bytes.data(), static_cast<int>(bytes.size()), SQLITE_STATIC);
  return *this;
}

int Prepared::run() {
  int rows = 0;
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement_)) == SQLITE_ROW) ++rows;
  if (code != SQLITE_DONE) fail(db_, sqlite3_sql(statement_));
  sqlite3_reset(statement_);
  return rows;
}

}  // namespace latchkey::bench
