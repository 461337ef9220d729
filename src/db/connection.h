#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "db/statement.h"

namespace latchkey::db {

/// Takes the rows of a running statement, one at a time. The values are borrowed until it returns.
class RowSink {
 public:
  virtual void row(std::span<const Value> columns) = 0;

 protected:
  ~RowSink() = default;
};

/// For statements whose rows, if there are any, nobody wants.
class NoRows final : public RowSink {
 public:
  void row(std::span<const Value>) override {}
};

/// The seam between Latchkey and a database: one session with it, used by one thread at a time. Everything
/// above is the same for every database; a driver implements this and `Driver`. Throws what db/error.h says.
class Connection {
 public:
  virtual ~Connection() = default;
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Runs the statement to its end and returns the number of rows that it changed. Values are bound by the
  /// number of their placeholder, `values[0]` to $1.
  virtual std::int64_t execute(const StatementText& statement, std::span<const Value> values,
                               RowSink& sink) = 0;

  /// The same for a statement whose outcome nobody waits for. Where each answer costs a round trip it may go
  /// together with the next one that is waited for, in order: then its error is thrown there, by the
  /// commit at the latest.
  virtual void execute_later(const StatementText& statement, std::span<const Value> values) {
    NoRows none;
    execute(statement, values, none);
  }

  /// Keeps every other session from changing the schema until the transaction ends; waits for one that does.
  virtual void lock_schema() = 0;

  /// Runs a migration: several statements, with the words that differ between the databases replaced
  /// (db/migrate.h).
  virtual void execute_script(std::string_view sql) = 0;
};

}  // namespace latchkey::db
