#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/secret.h"
#include "db/connection.h"
#include "db/database.h"

namespace latchkey::db {

enum class Dialect : std::uint8_t { sqlite, postgres };

/// A value that owns what it holds, for rows that outlive their statement.
using Cell = std::variant<std::monostate, bool, std::int64_t, std::string, Bytes>;
using Row = std::vector<Cell>;

/// The same value, borrowed from the cell.
Value borrow(const Cell& cell);
/// A copy of a column of that type; what SQLite keeps as 0 and 1 becomes a truth. Throws `Fault` when it
/// holds something else.
Cell keep(const Value& value, Type type);

/// One of the two stores between which content is moved: a session that one thread uses, a transaction at a
/// time. Texts that it is given must stay where they are for as long as the process runs (`StatementText`).
/// Throws what db/error.h says.
class Side {
 public:
  using Work = std::function<void(Connection&)>;
  /// Takes the rows that the parameters at a place gave.
  using TakeRow = std::function<void(std::size_t at, std::span<const Value> columns)>;

  virtual ~Side() = default;
  Side() = default;
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;

  virtual Dialect dialect() const = 0;
  /// One snapshot. The work may be run again.
  virtual void read(const Work& work) = 0;
  /// One transaction, durable once this returns. The work may be run again.
  virtual void write(const Work& work) = 0;
  /// Inside such work: runs the statement once for each of the rows of parameters, without waiting for one
  /// answer before the next question is sent. Answers how many rows each has changed.
  virtual std::vector<std::int64_t> run_each(Connection& connection, const StatementText& statement,
                                             std::span<const Row> parameters, const TakeRow& take) = 0;
};

/// For sides: gives the rows of one statement on, with the place of its parameters.
class RowsAt final : public RowSink {
 public:
  explicit RowsAt(const Side::TakeRow& take) : take_(take) {}
  void row(std::span<const Value> columns) override { take_(at, columns); }
  std::size_t at = 0;

 private:
  const Side::TakeRow& take_;
};

/// A database that is open, also one that a server is using. It must outlive the side, which on PostgreSQL
/// has no session of its own: a transaction is all that holds together.
std::unique_ptr<Side> make_side(Database& database, Dialect dialect);

/// Called several times a second while an answer is waited for, with the time since the server last sent
/// anything. What it throws ends the session, and is what the call throws.
using WhileWaiting = std::function<void(std::chrono::milliseconds silence)>;

/// A session of its own with a PostgreSQL. What it holds by advisory locks ends with it: a session that is
/// lost is not opened again, every later call throws. Throws `Unavailable`, and `Fault` for a URL that libpq
/// does not understand.
std::unique_ptr<Side> open_postgres_side(const Secret& url, WhileWaiting while_waiting = {});

/// How a PostgreSQL is named in messages: `postgresql://user@host:port/database`, without password and
/// options. Throws `Fault` for a URL that libpq does not understand, or may misunderstand: with how to write
/// it, and without its text.
std::string describe_postgres(const Secret& url);

}  // namespace latchkey::db
