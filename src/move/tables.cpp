#include "move/tables.h"

#include <algorithm>
#include <boost/describe.hpp>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>
#include <set>

#include "db/error.h"
#include "db/tx.h"

namespace latchkey::move::tables {
namespace {

using db::Column;
using db::Dialect;
using db::Table;
using db::Type;

// What belongs to the one database and is not moved.
constexpr std::string_view own[] = {"moves", "schema_migrations"};

std::string join(std::span<const Column> columns, std::string_view between,
                 const std::function<std::string(std::size_t)>& piece) {
  std::string text;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) text += between;
    text += piece(i);
  }
  return text;
}

std::string names(const Table& table) {
  return join(table.columns, ", ", [&](std::size_t i) { return std::string(table.columns[i].name); });
}

std::vector<Type> types(const Table& table) {
  std::vector<Type> list;
  for (const Column& column : table.columns) list.push_back(column.type);
  return list;
}

/// The key as something to sort by: texts by their bytes, as SQLite does, whatever the language of the
/// database.
std::string sort_key(const Table& table, Dialect dialect) {
  const bool text = table.columns.front().type == Type::text;
  return std::string(table.columns.front().name) +
         (text && dialect == Dialect::postgres ? " COLLATE \"C\"" : "");
}

std::string select(const Table& table, Dialect dialect, const std::string& where,
                   const std::string& limit = {}) {
  return "SELECT " + names(table) + " FROM " + std::string(table.name) + where + " ORDER BY " +
         sort_key(table, dialect) + limit;
}

std::string insert_into(const Table& table) {
  const std::string values =
      join(table.columns, ", ", [](std::size_t i) { return "$" + std::to_string(i + 1); });
  // Without a condition SQLite would take what follows for a part of a join.
  const std::string condition =
      table.parent.empty() ? "TRUE"
                           : "EXISTS (SELECT 1 FROM " + std::string(table.parent) + " p WHERE p.id = $2)";
  return "INSERT INTO " + std::string(table.name) + " (" + names(table) + ") SELECT " + values + " WHERE " +
         condition;
}

std::string put_into(const Table& table) {
  const std::string changes = join(table.columns.subspan(1), ", ", [&](std::size_t i) {
    const std::string name(table.columns[i + 1].name);
    return name + " = excluded." + name;
  });
  return insert_into(table) + " ON CONFLICT (" + std::string(table.columns.front().name) +
         ") DO UPDATE SET " + changes;
}

std::string sequence_of(const Table& table) {
  return "CAST(pg_get_serial_sequence('" + std::string(table.name) + "', 'id') AS regclass)";
}

std::string select_last(const Table& table, Dialect dialect) {
  if (table.ids == Table::Ids::brought) return "SELECT 0";
  const std::string name(table.name);
  const std::string highest = "(SELECT max(id) FROM " + name + ")";
  const std::string given = dialect == Dialect::postgres
                                ? "pg_sequence_last_value(" + sequence_of(table) + ")"
                                : "(SELECT seq FROM sqlite_sequence WHERE name = '" + name + "')";
  return std::string("SELECT ") + (dialect == Dialect::postgres ? "greatest" : "max") + "(coalesce(" +
         highest + ", 0), coalesce(" + given + ", 0))";
}

struct Found {
  std::string table;
  std::string column;
  std::string type;
};
BOOST_DESCRIBE_STRUCT(Found, (), (table, column, type))

// The catalogue is the one thing that has no text in common.
constexpr db::Statement<std::vector<Found>> list_sqlite_columns{
    "SELECT t.name, c.name, c.type FROM sqlite_schema t JOIN pragma_table_info(t.name) c "
    "WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name <> 'move_changes' ORDER BY t.name, "
    "c.cid"};
constexpr db::Statement<std::vector<Found>> list_postgres_columns{
    "SELECT CAST(table_name AS text), CAST(column_name AS text), CAST(data_type AS text) "
    "FROM information_schema.columns WHERE table_schema = current_schema() "
    "ORDER BY table_name, ordinal_position"};

bool is_of(Type type, std::string_view shown) {
  switch (type) {
    case Type::boolean:
      return shown == "BOOLEAN" || shown == "boolean";
    case Type::integer:
      return shown == "BIGINT" || shown == "INTEGER" || shown == "bigint";
    case Type::text:
      return shown == "TEXT" || shown == "text";
    case Type::bytes:
      return shown == "BLOB" || shown == "bytea";
  }
  return false;
}

void compare(const Table& table, const std::vector<Found>& there, std::vector<std::string>& differences) {
  if (there.empty()) {
    differences.push_back("table " + std::string(table.name) + " is missing");
    return;
  }
  std::set<std::string_view> known;
  for (const Column& column : table.columns) {
    known.insert(column.name);
    const std::string name = std::string(table.name) + "." + std::string(column.name);
    const auto found = std::ranges::find(there, column.name, &Found::column);
    if (found == there.end()) {
      differences.push_back("column " + name + " is missing");
    } else if (!is_of(column.type, found->type)) {
      differences.push_back("column " + name + " is of type " + found->type);
    }
  }
  for (const Found& found : there) {
    if (!known.contains(found.column))
      differences.push_back("column " + found.table + "." + found.column + " is not known");
  }
}

/// The same characters for as long as the process runs: a connection finds what it has prepared by the
/// address of the text, and another text must never stand there. There are as many as tables have statements.
std::string_view intern(std::string sql) {
  static std::mutex mutex;
  static std::set<std::string> texts;
  const std::lock_guard lock(mutex);
  return *texts.insert(std::move(sql)).first;
}

}  // namespace

Text::Text(std::string sql, std::vector<Type> parameters, std::size_t columns)
    : parameters_(std::move(parameters)),
      text_{.sql = intern(std::move(sql)), .parameters = parameters_, .columns = columns} {
  text_.reads = text_.sql.starts_with("SELECT");
}

Statements::Statements(const Table& of, Dialect dialect)
    : table(of),
      count("SELECT count(*) FROM " + std::string(of.name), {}, 1),
      list_first(select(of, dialect, "", " LIMIT $1"), {Type::integer}, of.columns.size()),
      list_after(select(of, dialect, " WHERE " + sort_key(of, dialect) + " > $1", " LIMIT $2"),
                 {of.columns.front().type, Type::integer}, of.columns.size()),
      list_until(select(of, dialect, " WHERE " + sort_key(of, dialect) + " <= $1"), {of.columns.front().type},
                 of.columns.size()),
      list_range(select(of, dialect,
                        " WHERE " + sort_key(of, dialect) + " > $1 AND " + sort_key(of, dialect) + " <= $2"),
                 {of.columns.front().type, of.columns.front().type}, of.columns.size()),
      find("SELECT " + names(of) + " FROM " + std::string(of.name) + " WHERE " +
               std::string(of.columns.front().name) + " = $1",
           {of.columns.front().type}, of.columns.size()),
      insert(insert_into(of) + " ON CONFLICT DO NOTHING", types(of), 0),
      put(put_into(of), types(of), 0),
      remove(
          "DELETE FROM " + std::string(of.name) + " WHERE " + std::string(of.columns.front().name) + " = $1",
          {of.columns.front().type}, 0),
      find_last(select_last(of, dialect), {}, 1) {}

StatementsOfAll make_statements(db::Tables content, Dialect dialect) {
  StatementsOfAll list;
  for (const Table& table : content) list.push_back(std::make_unique<const Statements>(table, dialect));
  return list;
}

void clear(db::Connection& connection, Dialect dialect, db::Tables content) {
  std::string script;
  if (dialect == Dialect::postgres) {
    for (const Table& table : content)
      script += (script.empty() ? "TRUNCATE " : ", ") + std::string(table.name);
    script += " RESTART IDENTITY";
  } else {
    for (auto table = content.rbegin(); table != content.rend(); ++table)
      script += "DELETE FROM " + std::string(table->name) + "; ";
    script += "DELETE FROM sqlite_sequence";
  }
  connection.execute_script(script);
}

std::vector<std::string_view> list_used(db::Side& side, db::Tables content) {
  std::vector<std::string_view> used;
  side.read([&](db::Connection& connection) {
    used.clear();
    for (const auto& of : make_statements(content, side.dialect())) {
      class AnyRow final : public db::RowSink {
       public:
        void row(std::span<const db::Value>) override { found = true; }
        bool found = false;
      } any;
      const db::Value one[] = {std::int64_t{1}};
      connection.execute(*of->list_first, one, any);
      if (any.found && of->table.rows != Table::Rows::seeded) used.push_back(of->table.name);
    }
  });
  return used;
}

void set_last_id(db::Connection& connection, Dialect dialect, const Table& table, std::int64_t last) {
  const std::string name(table.name);
  const std::string number = std::to_string(last);
  if (dialect == Dialect::postgres) {
    connection.execute_script("SELECT setval(" + sequence_of(table) + ", " +
                              (last > 0 ? number + ", TRUE)" : "1, FALSE)"));
  } else {
    connection.execute_script("DELETE FROM sqlite_sequence WHERE name = '" + name +
                              "'; INSERT INTO sqlite_sequence (name, seq) VALUES ('" + name + "', " + number +
                              ")");
  }
}

std::vector<std::string> compare_with_schema(db::Side& side, db::Tables content) {
  std::vector<Found> found;
  side.read([&](db::Connection& connection) {
    db::Tx tx(connection);
    found = side.dialect() == Dialect::sqlite ? tx.run(list_sqlite_columns) : tx.run(list_postgres_columns);
  });
  std::map<std::string, std::vector<Found>, std::less<>> by_table;
  for (Found& column : found) by_table[column.table].push_back(std::move(column));
  std::vector<std::string> differences;
  for (const Table& table : content) {
    const auto there = by_table.find(table.name);
    compare(table, there == by_table.end() ? std::vector<Found>{} : there->second, differences);
    if (there != by_table.end()) by_table.erase(there);
  }
  // A database of PostgreSQL may hold tables of others, too.
  if (side.dialect() == Dialect::postgres) return differences;
  for (const auto& [name, columns] : by_table) {
    if (std::ranges::find(own, name) == std::end(own))
      differences.push_back("table " + name + " is not known");
  }
  return differences;
}

}  // namespace latchkey::move::tables
