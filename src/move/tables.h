#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "db/side.h"
#include "db/statement.h"

/// Every table as plain columns, for what treats all of them alike: `latchkey move`. A test compares this
/// with the schema that the migrations make, and so does each move before it begins.
namespace latchkey::move::tables {

struct Column {
  std::string_view name;
  db::Type type;
};

struct Table {
  std::string_view name;
  std::span<const Column> columns;  ///< the first is the primary key
  std::string_view parent = {};     ///< the table that the second column refers to, by its primary key
  /// The database gives the ids, and never the same again.
  enum class Ids : std::uint8_t { brought, given } ids = Ids::brought;
};

/// What a deployment consists of, parents before their children.
std::span<const Table> list_content();
/// What belongs to the one database and is not moved.
std::span<const std::string_view> list_own();

/// A text made at run time, once for the process.
class Text {
 public:
  Text(std::string sql, std::vector<db::Type> parameters, std::size_t columns);
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;
  const db::StatementText& operator*() const { return text_; }

 private:
  std::string sql_;
  std::vector<db::Type> parameters_;
  db::StatementText text_;
};

/// The statements of one table on one kind of database. Rows have all columns, in their order; keys come in
/// the order of their bytes, on both.
struct Statements {
  Statements(const Table& table, db::Dialect dialect);
  const Table& table;

  Text count;       ///< → number of rows
  Text list_first;  ///< limit → rows from the beginning
  Text list_after;  ///< key, limit → rows behind a key
  Text list_until;  ///< key → rows from the beginning up to it
  Text list_range;  ///< key, key → rows behind the first, up to the second
  Text find;        ///< key → the row
  /// row → nothing changes when the row is there, another has what must be unique, or its parent is missing
  Text insert;
  Text put;        ///< row → inserted, or put in place of what is there; nothing changes without its parent
  Text remove;     ///< key
  Text find_last;  ///< → the highest id that was ever given, or is there; only where ids are given
};

/// For each of `list_content`, in that order.
const std::vector<std::unique_ptr<const Statements>>& statements(db::Dialect dialect);

/// Empties all of `list_content`, and has ids begin anew.
void clear(db::Connection& connection, db::Dialect dialect);
/// Tables of `list_content` that hold more than what the migrations put there.
std::vector<std::string_view> list_used(db::Side& side);
/// From now on ids are given behind `last`; 0: from the beginning.
void set_last_id(db::Connection& connection, db::Dialect dialect, const Table& table, std::int64_t last);

/// Where the database has other tables or columns than the lists above say, in words; nothing when they
/// agree.
std::vector<std::string> compare_with_schema(db::Side& side);

}  // namespace latchkey::move::tables
