#include "db/sqlite/schema_check.h"

#include <algorithm>
#include <map>
#include <vector>

#include "db/error.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/handle.h"

namespace latchkey::db::sqlite {
namespace {

struct Object {
  std::string type;   ///< table, index, view, trigger
  std::string table;  ///< that it belongs to
  std::string sql;    ///< with single spaces; empty for what SQLite makes by itself
  bool operator==(const Object&) const = default;
};
/// By name.
using Schema = std::map<std::string, Object>;

std::string with_single_spaces(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!space) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

Schema read_schema(sqlite3* db) {
  constexpr const char* sql = "SELECT name, type, tbl_name, sql FROM sqlite_schema";
  sqlite3_stmt* raw = nullptr;
  const int prepared = sqlite3_prepare_v2(db, sql, -1, &raw, nullptr);
  const SqliteStatement statement(raw);
  check_sqlite(db, prepared, "while reading the schema");
  const auto text = [raw](int column) {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(raw, column));
    return std::string(bytes == nullptr ? "" : bytes);
  };
  Schema schema;
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(raw)) == SQLITE_ROW)
    schema[text(0)] = {.type = text(1), .table = text(2), .sql = with_single_spaces(text(3))};
  if (code != SQLITE_DONE) throw_sqlite(db, code, "while reading the schema");
  return schema;
}

/// The schemas of our versions, the oldest first.
std::vector<Schema> make_schemas(std::span<const std::string> scripts) {
  SqliteConnection connection(open_sqlite_handle(":memory:", SqliteAccess::write), SqliteAccess::write);
  std::vector<Schema> versions;
  connection.control(begin_writing);
  for (const std::string& script : scripts) {
    connection.execute_script(script);
    versions.push_back(read_schema(connection.get()));
  }
  connection.control(roll_back);
  return versions;
}

std::string quote_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) out.append(c == '"' ? 2 : 1, c);
  return out + '"';
}

bool is_of_a_move(const std::string& name, const Object& object) {
  if (object.type == "trigger") return name.starts_with("move_log_") || name.starts_with("move_hold_");
  return name == "move_changes" && object.type == "table" && object.sql.starts_with("CREATE TABLE ");
}

/// Triggers first: dropping a table must start nothing.
void drop_remains(sqlite3* db) {
  for (const std::string_view type : {"trigger", "table"}) {
    for (const auto& [name, object] : read_schema(db)) {
      const bool statistics = name.starts_with("sqlite_stat");
      if (object.type != type || !(statistics || is_of_a_move(name, object))) continue;
      run_sql(db, ("DROP " + std::string(type) + " " + quote_name(name)).c_str());
    }
  }
}

[[noreturn]] void refuse(const std::string& what) {
  throw Corrupt("it is not a backup of Latchkey as any version makes one: " + what);
}

std::string name_of(const std::string& name, const Object& object) {
  std::string shown;
  for (const char c : name.substr(0, 60)) shown += c >= ' ' && c <= '~' ? c : '?';
  return (object.type.size() > 10 ? "object" : object.type) + " " + shown;
}

/// Of the schema that most resembles it, what is different first.
[[noreturn]] void refuse_for_difference(const Schema& found, const std::vector<Schema>& versions) {
  const auto alike = [&](const Schema& version) {
    return std::ranges::count_if(version, [&](const auto& entry) {
      const auto other = found.find(entry.first);
      return other != found.end() && other->second == entry.second;
    });
  };
  const Schema& nearest = *std::ranges::max_element(versions, {}, alike);
  if (alike(nearest) == 0) refuse("it has none of our tables");
  for (const auto& [name, object] : found) {
    if (!nearest.contains(name)) refuse("it has the " + name_of(name, object) + ", which is not ours");
  }
  for (const auto& [name, object] : nearest) {
    const auto other = found.find(name);
    if (other == found.end()) refuse("the " + name_of(name, object) + " is missing");
    if (other->second != object) refuse("the " + name_of(name, other->second) + " is not as we make it");
  }
  refuse("its schema is not ours");
}

/// What a file of ours never has; SQLite takes each of them.
void refuse_foreign_form(sqlite3* db) {
  const auto expect = [db](const char* pragma, std::string_view wanted, const char* what) {
    const std::string found = run_sql(db, (std::string("PRAGMA ") + pragma).c_str());
    if (found != wanted) refuse(std::string(what) + " is " + found + ", not " + std::string(wanted));
  };
  expect("page_size", "4096", "its page size");
  expect("encoding", "UTF-8", "its encoding");
  if (run_sql(db, "PRAGMA auto_vacuum") == "1") refuse("it shrinks at each commit (auto_vacuum is FULL)");
}

}  // namespace

void refuse_foreign_schema(const std::filesystem::path& file, std::span<const std::string> scripts) {
  const SqliteHandle db = open_sqlite_handle(file, SqliteAccess::write);
  refuse_foreign_form(db.get());
  drop_remains(db.get());
  const Schema found = read_schema(db.get());
  const auto versions = make_schemas(scripts);
  if (std::ranges::find(versions, found) == versions.end()) refuse_for_difference(found, versions);
}

}  // namespace latchkey::db::sqlite
