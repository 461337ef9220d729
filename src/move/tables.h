#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "db/side.h"
#include "db/statement.h"
#include "db/table.h"

/// The statements that treat every table alike, made from its description, for `latchkey move`.
namespace latchkey::move::tables {

/// A statement whose text is made at run time; equal texts stand at one address for as long as the process
/// runs.
class Text {
 public:
  Text(std::string sql, std::vector<db::Type> parameters, std::size_t columns);
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;
  const db::StatementText& operator*() const { return text_; }

 private:
  std::vector<db::Type> parameters_;
  db::StatementText text_;
};

/// The statements of one table on one kind of database. Rows have all columns, in their order; keys come in
/// the order of their bytes, on both.
struct Statements {
  /// `table` must outlive the statements.
  Statements(const db::Table& table, db::Dialect dialect);
  const db::Table& table;

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

/// One for each table, in the order of `content`, which must outlive them.
using StatementsOfAll = std::vector<std::unique_ptr<const Statements>>;
StatementsOfAll make_statements(db::Tables content, db::Dialect dialect);

/// Empties all of `content`, and has ids begin anew.
void clear(db::Connection& connection, db::Dialect dialect, db::Tables content);
/// Tables of `content` that hold more than what the migrations put there.
std::vector<std::string_view> list_used(db::Side& side, db::Tables content);
/// From now on ids are given behind `last`; 0: from the beginning.
void set_last_id(db::Connection& connection, db::Dialect dialect, const db::Table& table, std::int64_t last);

/// Where the database has other tables or columns than `content` says, in words; nothing when they
/// agree.
std::vector<std::string> compare_with_schema(db::Side& side, db::Tables content);

}  // namespace latchkey::move::tables
