#pragma once

#include <sqlite3.h>

#include <unordered_map>
#include <vector>

#include "db/connection.h"
#include "db/sqlite/handle.h"

namespace latchkey::db::sqlite {

/// One SQLite connection and the statements that it has prepared. One thread at a time.
class SqliteConnection final : public Connection {
 public:
  SqliteConnection(SqliteHandle handle, SqliteAccess access) : handle_(std::move(handle)), access_(access) {}

  std::int64_t execute(const StatementText& statement, std::span<const Value> values, RowSink& sink) override;
  /// There is one writer.
  void lock_schema() override {}
  void execute_script(std::string_view sql) override;

  /// Statements that only move a transaction. The keys of the cache are their addresses.
  void control(const StatementText& statement);
  /// Ends the snapshot of a reader. False: it does not end, and the connection is of no use any more.
  bool end_reading() noexcept;
  /// Whether a transaction is open: errors of the disk or of memory end it behind our back.
  bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }

  sqlite3* get() const { return handle_.get(); }

 private:
  struct Prepared {
    SqliteStatement statement;
    std::vector<std::uint8_t>
        parameters;  ///< for each of SQLite's places, the index of the value that belongs there
  };
  Prepared& prepare(const StatementText& statement);

  SqliteHandle handle_;
  SqliteAccess access_;
  std::unordered_map<const char*, Prepared>
      prepared_;  // declared last: statements go before their connection
};

inline constexpr StatementText begin_reading{"BEGIN", {}, 0, true};
inline constexpr StatementText begin_writing{"BEGIN IMMEDIATE", {}, 0, true};
inline constexpr StatementText commit{"COMMIT", {}, 0, true};
inline constexpr StatementText roll_back{"ROLLBACK", {}, 0, true};
inline constexpr StatementText set_savepoint{"SAVEPOINT work", {}, 0, true};
inline constexpr StatementText release_savepoint{"RELEASE work", {}, 0, true};
inline constexpr StatementText roll_back_to_savepoint{"ROLLBACK TO work", {}, 0, true};

}  // namespace latchkey::db::sqlite
