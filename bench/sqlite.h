#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// The few calls of SQLite that the limit programs and the generator need, without anything of the server
/// between. Every failure ends the process: see `give_up`.
namespace latchkey::bench {

class Sqlite {
 public:
  /// Opens the store of a data directory that `latchkey migrate` has made.
  explicit Sqlite(const std::string& data_dir);
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;
  ~Sqlite();

  void run(const char* sql);
  /// The first column of the only row.
  std::int64_t number(const char* sql);
  std::int64_t last_id() const { return sqlite3_last_insert_rowid(db_); }
  sqlite3* get() const { return db_; }

 private:
  sqlite3* db_ = nullptr;
};

/// One prepared statement with `$1`-style parameters that first appear in order, as all of ours do.
class Prepared {
 public:
  Prepared(Sqlite& database, std::string_view sql);
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;
  ~Prepared();

  Prepared& bind(int parameter, std::int64_t number);
  /// Texts and bytes are not copied: they must live until `run`.
  Prepared& bind(int parameter, std::string_view text);
  Prepared& bind(int parameter, std::span<const std::uint8_t> bytes);
  /// Runs it to its end and makes it ready for new values. The number of rows that it gave.
  int run();

 private:
  sqlite3* db_;
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace latchkey::bench
