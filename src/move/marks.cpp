#include "move/marks.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>
#include <utility>

#include "base/error.h"
#include "db/error.h"
#include "db/tx.h"

namespace latchkey::move::marks {
namespace {

using db::Dialect;
using db::Table;
using db::Tables;
using db::Type;

// Next to the locks of migrations and of the lead.
constexpr std::int64_t turn = 7809644653205935483;
constexpr std::int64_t hold = 7809644653205935484;
constexpr std::int64_t follow = 7809644653205935485;

constexpr db::Statement<std::optional<bool>, std::int64_t> try_lock{"SELECT pg_try_advisory_lock($1)"};
constexpr db::Statement<std::optional<bool>, std::int64_t> try_lock_for_now{
    "SELECT pg_try_advisory_xact_lock($1)"};
constexpr db::Statement<std::optional<std::string>> find_sqlite_remains{
    "SELECT name FROM sqlite_schema WHERE name LIKE 'move!_hold!_%' ESCAPE '!' OR name = 'move_changes' "
    "LIMIT 1"};
constexpr db::Statement<std::optional<std::string>> find_postgres_remains{
    "SELECT CAST(tgname AS text) FROM pg_trigger WHERE tgname IN ('move_hold', 'move_log') LIMIT 1"};

constexpr std::array operations{std::string_view{"INSERT"}, std::string_view{"UPDATE"},
                                std::string_view{"DELETE"}};

std::string quoted(std::string_view name) { return "'" + std::string(name) + "'"; }

std::string trigger(std::string_view what, const Table& table, std::string_view operation) {
  return "move_" + std::string(what) + "_" + std::string(table.name) + "_" + std::string(operation);
}

std::string log_of_sqlite(Tables content) {
  std::string script =
      "CREATE TABLE move_changes (seq INTEGER PRIMARY KEY, table_name TEXT NOT NULL, row_key);\n";
  const auto write_down = [](const Table& table, std::string_view row) {
    return " INSERT INTO move_changes (table_name, row_key) VALUES (" + quoted(table.name) + ", " +
           std::string(row) + "." + std::string(table.columns.front().name) + ");";
  };
  for (const Table& table : content) {
    for (const std::string_view operation : operations) {
      script += "CREATE TRIGGER " + trigger("log", table, operation) + " AFTER " + std::string(operation) +
                " ON " + std::string(table.name) + " BEGIN";
      if (operation != "INSERT") script += write_down(table, "OLD");
      if (operation != "DELETE") script += write_down(table, "NEW");
      script += " END;\n";
    }
  }
  return script;
}

std::string hold_of_sqlite(Tables content) {
  std::string script;
  for (const Table& table : content) {
    for (const std::string_view operation : operations) {
      script += "CREATE TRIGGER " + trigger("hold", table, operation) + " BEFORE " + std::string(operation) +
                " ON " + std::string(table.name) +
                " BEGIN SELECT RAISE(ABORT, 'this store is being moved'); END;\n";
    }
  }
  return script;
}

std::string drop_log_of_sqlite(Tables content) {
  std::string script;
  for (const Table& table : content) {
    for (const std::string_view operation : operations)
      script += "DROP TRIGGER IF EXISTS " + trigger("log", table, operation) + ";\n";
  }
  return script + "DROP TABLE IF EXISTS move_changes;\n";
}

constexpr const char* forget_leaving = "DELETE FROM moves WHERE stage = 'leaving';\n";

std::string release_sqlite(Tables content) {
  std::string script = forget_leaving + drop_log_of_sqlite(content);
  for (const Table& table : content) {
    for (const std::string_view operation : operations)
      script += "DROP TRIGGER IF EXISTS " + trigger("hold", table, operation) + ";\n";
  }
  return script;
}

/// Writers share a lock that only the mover wants for itself: so the mover waits for those that are under
/// way, and a writer that comes later is refused at once instead of waiting.
std::string hold_function(const std::string& condition) {
  return "CREATE OR REPLACE FUNCTION move_hold() RETURNS trigger LANGUAGE plpgsql AS $move$ BEGIN " +
         condition + " RAISE EXCEPTION 'this store is being moved' USING ERRCODE = 'object_in_use'; " +
         (condition.empty() ? "" : "END IF; ") + "RETURN NULL; END $move$;\n";
}

std::string hold_while_locked() {
  return hold_function("IF NOT pg_try_advisory_xact_lock_shared(" + std::to_string(hold) + ") THEN");
}

/// PostgreSQL's columns have one type each, and keys have one of three.
constexpr std::array key_columns{
    std::pair{Type::integer, std::string_view{"integer_key"}},
    std::pair{Type::bytes, std::string_view{"bytes_key"}},
    std::pair{Type::text, std::string_view{"text_key"}},
};

std::size_t place_of_key(const Table& table) {
  const Type type = table.columns.front().type;
  return static_cast<std::size_t>(
      std::ranges::find(key_columns, type, [](const auto& column) { return column.first; }) -
      key_columns.begin());
}

/// A writer tries for a share of a lock that the mover has: a writer that gets it need not write anything
/// down, since nobody follows any more. With the rights of its owner, who need not be the one whom the nodes
/// use.
std::string log_function(const Table& table) {
  const std::string key(table.columns.front().name);
  const std::string write_down = "INSERT INTO move_changes (table_name, " +
                                 std::string(key_columns[place_of_key(table)].second) + ") VALUES (" +
                                 quoted(table.name) + ", ";
  return "CREATE FUNCTION move_log_" + std::string(table.name) +
         "() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $move$ BEGIN "
         "IF pg_try_advisory_xact_lock_shared(" +
         std::to_string(follow) +
         ") THEN RETURN NULL; END IF; "
         "IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND OLD." +
         key + " <> NEW." + key + ") THEN " + write_down + "OLD." + key +
         "); END IF; "
         "IF TG_OP <> 'DELETE' THEN " +
         write_down + "NEW." + key + "); END IF; RETURN NULL; END $move$;\n";
}

std::string lock_tables(Tables content) {
  std::string list;
  for (const Table& table : content) list += (list.empty() ? "" : ", ") + std::string(table.name);
  // A session that waits for a lock makes others wait behind it: a backup at work must not stop the service.
  return "SET LOCAL lock_timeout = '1s'; LOCK TABLE " + list + " IN ACCESS EXCLUSIVE MODE;\n";
}

std::string release_postgres(Tables content) {
  std::string script = lock_tables(content);
  for (const Table& table : content) {
    for (const std::string_view what : {"move_hold", "move_log"})
      script += "DROP TRIGGER IF EXISTS " + std::string(what) + " ON " + std::string(table.name) + ";\n";
    script += "DROP FUNCTION IF EXISTS move_log_" + std::string(table.name) + "();\n";
  }
  return script + "DROP FUNCTION IF EXISTS move_hold();\nDROP TABLE IF EXISTS move_changes;\n";
}

/// The triggers of both, so that the tables are locked once, when least is lost if that fails.
std::string log_and_hold_of_postgres(Tables content) {
  std::string script = release_postgres(content) + hold_while_locked() +
                       "CREATE TABLE move_changes (seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
                       "table_name TEXT NOT NULL, integer_key BIGINT, bytes_key BYTEA, text_key TEXT);\n";
  for (const Table& table : content) {
    const std::string on = " INSERT OR UPDATE OR DELETE ON " + std::string(table.name);
    script.append("CREATE TRIGGER move_hold BEFORE").append(on);
    script.append(" FOR EACH STATEMENT EXECUTE FUNCTION move_hold();\n").append(log_function(table));
    script.append("CREATE TRIGGER move_log AFTER").append(on);
    script.append(" FOR EACH ROW EXECUTE FUNCTION move_log_").append(table.name).append("();\n");
  }
  return script;
}

/// Locks on several tables at once may meet a transaction that takes them in another order; then one is
/// ended.
void write_patiently(db::Side& side, const std::string& script) {
  constexpr int most = 8;
  for (int tried = 1;; ++tried) {
    if (tried > 1) std::this_thread::sleep_for(std::chrono::milliseconds(100 * (tried - 1)));
    try {
      side.write([&](db::Connection& connection) { connection.execute_script(script); });
      return;
    } catch (const Unavailable& error) {
      if (tried < most) continue;
      throw Unavailable(std::string(error.what()) +
                        "; if something else holds locks on the tables, as pg_dump does, wait until it ends");
    }
  }
}

/// Takes rows of a number, a table's name, and a key, which stands in the one column that there is or in that
/// of its type.
class Changes final : public db::RowSink {
 public:
  Changes(Tables content, std::vector<std::set<db::Cell>>& changed) : content_(content), changed_(changed) {}
  void row(std::span<const db::Value> columns) override {
    const std::string_view name = db::text_of(columns[1]);
    const auto keys = columns.subspan(2);
    for (std::size_t i = 0; i < content_.size(); ++i) {
      if (content_[i].name != name) continue;
      const db::Value& key = keys[keys.size() == 1 ? 0 : place_of_key(content_[i])];
      changed_[i].insert(db::keep(key, content_[i].columns.front().type));
    }
    ++count;
  }
  std::int64_t count = 0;

 private:
  Tables content_;
  std::vector<std::set<db::Cell>>& changed_;
};

constexpr Type limit_of_rows[] = {Type::integer};
// What is read is removed, and no place remembered up to which it was: on PostgreSQL a change with a lower
// number may be committed after one with a higher.
constexpr db::StatementText take_from_sqlite{
    "DELETE FROM move_changes WHERE seq IN (SELECT seq FROM move_changes ORDER BY seq LIMIT $1) "
    "RETURNING seq, table_name, row_key",
    limit_of_rows, 3};
constexpr db::StatementText take_from_postgres{
    "DELETE FROM move_changes WHERE seq IN (SELECT seq FROM move_changes ORDER BY seq LIMIT $1) "
    "RETURNING seq, table_name, integer_key, bytes_key, text_key",
    limit_of_rows, 5};

void lock(db::Side& source, std::int64_t name) {
  source.read([&](db::Connection& connection) {
    connection.execute_script("SELECT pg_advisory_lock(" + std::to_string(name) + ")");
  });
}

void unlock(db::Side& source, std::int64_t name) {
  source.read([&](db::Connection& connection) {
    connection.execute_script(
        "SELECT pg_advisory_unlock(" + std::to_string(name) +
        ") FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objid = " +
        std::to_string(name & 0xffffffff));
  });
}

}  // namespace

bool take_turn(db::Side& side) {
  if (side.dialect() == Dialect::sqlite) return true;  // who has the data directory is alone
  bool taken = false;
  side.read([&](db::Connection& connection) { taken = db::Tx(connection).run(try_lock, turn).value(); });
  return taken;
}

void begin_log(db::Side& source, Tables content) {
  if (source.dialect() == Dialect::sqlite) {
    source.write([content](db::Connection& connection) {
      connection.execute_script(release_sqlite(content));
      connection.execute_script(log_of_sqlite(content));
    });
    return;
  }
  // First the lock: where an earlier move's triggers still stand, they must not let a change pass.
  lock(source, follow);
  write_patiently(source, log_and_hold_of_postgres(content));
}

void hold_writes(db::Side& source, Tables content) {
  if (source.dialect() == Dialect::sqlite) {
    source.write(
        [content](db::Connection& connection) { connection.execute_script(hold_of_sqlite(content)); });
    return;
  }
  lock(source, hold);
}

void release(db::Side& source, Tables content) {
  if (source.dialect() == Dialect::sqlite) {
    source.write(
        [content](db::Connection& connection) { connection.execute_script(release_sqlite(content)); });
    return;
  }
  unlock(source, hold);
  unlock(source, follow);
  write_patiently(source, forget_leaving + release_postgres(content));
}

void hold_for_ever(db::Connection& source, Dialect dialect) {
  if (dialect == Dialect::postgres) source.execute_script(hold_function(""));
  // SQLite's triggers ask for nobody who lives.
}

void drop_log(db::Connection& source, Dialect dialect, Tables content) {
  // On PostgreSQL the triggers stay where they are, since to drop them takes locks that readers would wait
  // for; no write comes to them any more.
  source.execute_script(dialect == Dialect::sqlite ? drop_log_of_sqlite(content)
                                                   : "DROP TABLE IF EXISTS move_changes;\n");
}

void clear_remains(db::Side& store, Tables content) {
  const bool postgres = store.dialect() == Dialect::postgres;
  bool found = false;
  store.read([&](db::Connection& connection) {
    db::Tx tx(connection);
    found = (postgres ? tx.run(find_postgres_remains) : tx.run(find_sqlite_remains)).has_value();
    if (found) found = tx.run(list_barring).empty();
  });
  if (!found) return;
  if (!postgres) return release(store, content);
  // A move may be at work.
  store.write([content](db::Connection& connection) {
    if (!db::Tx(connection).run(try_lock_for_now, turn).value()) return;
    connection.execute_script(release_postgres(content));
  });
}

void Log::read_on(db::Side& source) {
  constexpr std::int64_t page = 5000;
  const bool sqlite = source.dialect() == Dialect::sqlite;
  for (;;) {
    std::int64_t count = 0;
    source.write([&](db::Connection& connection) {
      Changes changes(content_, changed_);
      const db::Value values[] = {page};
      connection.execute(sqlite ? take_from_sqlite : take_from_postgres, values, changes);
      count = changes.count;
    });
    if (count < page) return;
  }
}

std::size_t Log::size() const {
  std::size_t sum = 0;
  for (const auto& keys : changed_) sum += keys.size();
  return sum;
}

}  // namespace latchkey::move::marks
