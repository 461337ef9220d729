#include "move/tables.h"

#include <algorithm>
#include <boost/describe.hpp>
#include <functional>
#include <iterator>
#include <map>
#include <set>

#include "db/error.h"
#include "db/tx.h"

namespace latchkey::move::tables {
namespace {

using db::Dialect;
using db::Type;

constexpr Column user_columns[] = {
    {"id", Type::integer},           {"subject", Type::bytes},     {"email", Type::text},
    {"email_key", Type::text},       {"username", Type::text},     {"username_key", Type::text},
    {"password_hash", Type::text},   {"role", Type::text},         {"confirmed", Type::boolean},
    {"is_active", Type::boolean},    {"avatar", Type::text},       {"failed_sign_ins", Type::integer},
    {"locked_until", Type::integer}, {"mailed_at", Type::integer}, {"created_at", Type::integer},
    {"updated_at", Type::integer},
};
constexpr Column session_columns[] = {
    {"id", Type::bytes},
    {"user_id", Type::integer},
    {"generation", Type::integer},
    {"rotated_at", Type::integer},
    {"idle_expires_at", Type::integer},
    {"expires_at", Type::integer},
    {"created_at", Type::integer},
    {"address", Type::text},
    {"user_agent", Type::text},
};
constexpr Column outbox_columns[] = {
    {"id", Type::bytes},           {"user_id", Type::integer},     {"message", Type::text},
    {"created_at", Type::integer}, {"next_try_at", Type::integer}, {"tries", Type::integer},
    {"put_aside", Type::boolean},  {"last_error", Type::text},
};
constexpr Column signing_key_columns[] = {
    {"kid", Type::text},           {"sequence", Type::integer},
    {"public_key", Type::bytes},   {"sealed_private_key", Type::bytes},
    {"created_at", Type::integer}, {"activates_at", Type::integer},
};
constexpr Column audit_columns[] = {
    {"id", Type::integer},   {"at", Type::integer},      {"event", Type::text},
    {"result", Type::text},  {"actor", Type::text},      {"target", Type::text},
    {"address", Type::text}, {"request_id", Type::text}, {"detail", Type::text},
};
constexpr Column state_columns[] = {{"name", Type::text}, {"value", Type::integer}};

constexpr Table content[] = {
    {.name = "users", .columns = user_columns, .ids = Table::Ids::given},
    {.name = "sessions", .columns = session_columns, .parent = "users"},
    {.name = "outbox", .columns = outbox_columns, .parent = "users"},
    {.name = "signing_keys", .columns = signing_key_columns},
    {.name = "audit", .columns = audit_columns, .ids = Table::Ids::given},
    {.name = "state", .columns = state_columns},
};
constexpr std::string_view own[] = {"moves", "schema_migrations"};
/// Its rows are made by a migration.
constexpr std::string_view seeded = "state";

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

class OneNumber final : public db::RowSink {
 public:
  void row(std::span<const db::Value> columns) override { number = db::integer_of(columns[0]); }
  std::int64_t number = 0;
};

}  // namespace

std::span<const Table> list_content() { return content; }
std::span<const std::string_view> list_own() { return own; }

Text::Text(std::string sql, std::vector<Type> parameters, std::size_t columns)
    : sql_(std::move(sql)),
      parameters_(std::move(parameters)),
      text_{.sql = sql_, .parameters = parameters_, .columns = columns, .reads = sql_.starts_with("SELECT")} {
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

const std::vector<std::unique_ptr<const Statements>>& statements(Dialect dialect) {
  const auto make = [](Dialect kind) {
    std::vector<std::unique_ptr<const Statements>> list;
    for (const Table& table : content) list.push_back(std::make_unique<const Statements>(table, kind));
    return list;
  };
  static const auto of_sqlite = make(Dialect::sqlite);
  static const auto of_postgres = make(Dialect::postgres);
  return dialect == Dialect::sqlite ? of_sqlite : of_postgres;
}

void clear(db::Connection& connection, Dialect dialect) {
  std::string script;
  if (dialect == Dialect::postgres) {
    for (const Table& table : content)
      script += (script.empty() ? "TRUNCATE " : ", ") + std::string(table.name);
    script += " RESTART IDENTITY";
  } else {
    for (auto table = std::rbegin(content); table != std::rend(content); ++table)
      script += "DELETE FROM " + std::string(table->name) + "; ";
    script += "DELETE FROM sqlite_sequence";
  }
  connection.execute_script(script);
}

std::vector<std::string_view> list_used(db::Side& side) {
  std::vector<std::string_view> used;
  side.read([&](db::Connection& connection) {
    used.clear();
    for (const auto& of : statements(side.dialect())) {
      class AnyRow final : public db::RowSink {
       public:
        void row(std::span<const db::Value>) override { found = true; }
        bool found = false;
      } any;
      const db::Value one[] = {std::int64_t{1}};
      connection.execute(*of->list_first, one, any);
      if (any.found && of->table.name != seeded) used.push_back(of->table.name);
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

std::vector<std::string> compare_with_schema(db::Side& side) {
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
