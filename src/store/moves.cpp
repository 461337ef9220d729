#include "store/moves.h"

#include <array>
#include <chrono>
#include <thread>

#include "base/error.h"
#include "db/error.h"
#include "db/tx.h"

namespace latchkey::store::moves {
namespace {

using db::Dialect;
using tables::Table;

// Next to the locks of migrations and of the lead.
constexpr std::int64_t turn = 7809644653205935483;
constexpr std::int64_t hold = 7809644653205935484;

constexpr db::Statement<std::optional<bool>, std::int64_t> try_lock{"SELECT pg_try_advisory_lock($1)"};
constexpr db::Statement<std::optional<bool>, std::int64_t> try_lock_for_now{
    "SELECT pg_try_advisory_xact_lock($1)"};
constexpr db::Statement<std::optional<std::string>> find_sqlite_remains{
    "SELECT name FROM sqlite_schema WHERE name LIKE 'move!_hold!_%' ESCAPE '!' OR name = 'move_changes' "
    "LIMIT 1"};
constexpr db::Statement<std::optional<std::string>> find_postgres_remains{
    "SELECT CAST(tgname AS text) FROM pg_trigger WHERE tgname = 'move_hold' LIMIT 1"};

constexpr std::array operations{std::string_view{"INSERT"}, std::string_view{"UPDATE"},
                                std::string_view{"DELETE"}};

std::string quoted(std::string_view name) { return "'" + std::string(name) + "'"; }

std::string trigger(std::string_view what, const Table& table, std::string_view operation) {
  return "move_" + std::string(what) + "_" + std::string(table.name) + "_" + std::string(operation);
}

std::string log_of_sqlite() {
  std::string script =
      "CREATE TABLE move_changes (seq INTEGER PRIMARY KEY, table_name TEXT NOT NULL, row_key);\n";
  const auto write_down = [](const Table& table, std::string_view row) {
    return " INSERT INTO move_changes (table_name, row_key) VALUES (" + quoted(table.name) + ", " +
           std::string(row) + "." + std::string(table.columns.front().name) + ");";
  };
  for (const Table& table : tables::list_content()) {
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

std::string hold_of_sqlite() {
  std::string script;
  for (const Table& table : tables::list_content()) {
    for (const std::string_view operation : operations) {
      script += "CREATE TRIGGER " + trigger("hold", table, operation) + " BEFORE " + std::string(operation) +
                " ON " + std::string(table.name) +
                " BEGIN SELECT RAISE(ABORT, 'this store is being moved'); END;\n";
    }
  }
  return script;
}

std::string drop_log_of_sqlite() {
  std::string script;
  for (const Table& table : tables::list_content()) {
    for (const std::string_view operation : operations)
      script += "DROP TRIGGER IF EXISTS " + trigger("log", table, operation) + ";\n";
  }
  return script + "DROP TABLE IF EXISTS move_changes;\n";
}

constexpr const char* forget_leaving = "DELETE FROM moves WHERE stage = 'leaving';\n";

std::string release_sqlite() {
  std::string script = forget_leaving + drop_log_of_sqlite();
  for (const Table& table : tables::list_content()) {
    for (const std::string_view operation : operations)
      script += "DROP TRIGGER IF EXISTS " + trigger("hold", table, operation) + ";\n";
  }
  return script;
}

/// Writers share a lock that only who moves wants for itself: so it waits for those that are under way, and
/// whoever comes later is refused at once instead of waiting.
std::string hold_function(const std::string& condition) {
  return "CREATE OR REPLACE FUNCTION move_hold() RETURNS trigger LANGUAGE plpgsql AS $move$ BEGIN " +
         condition + " RAISE EXCEPTION 'this store is being moved' USING ERRCODE = 'object_in_use'; " +
         (condition.empty() ? "" : "END IF; ") + "RETURN NULL; END $move$;\n";
}

std::string hold_while_locked() {
  return hold_function("IF NOT pg_try_advisory_xact_lock_shared(" + std::to_string(hold) + ") THEN");
}

std::string lock_tables() {
  std::string list;
  for (const Table& table : tables::list_content())
    list += (list.empty() ? "" : ", ") + std::string(table.name);
  // Whoever waits for a lock makes others wait behind it: a backup at work must not stop the service.
  return "SET LOCAL lock_timeout = '1s'; LOCK TABLE " + list + " IN ACCESS EXCLUSIVE MODE;\n";
}

std::string drop_postgres_triggers() {
  std::string script;
  for (const Table& table : tables::list_content())
    script += "DROP TRIGGER IF EXISTS move_hold ON " + std::string(table.name) + ";\n";
  return script;
}

std::string release_postgres() {
  return lock_tables() + drop_postgres_triggers() + "DROP FUNCTION IF EXISTS move_hold();\n";
}

std::string hold_of_postgres() {
  std::string script = hold_while_locked() + lock_tables() + drop_postgres_triggers();
  for (const Table& table : tables::list_content()) {
    script += "CREATE TRIGGER move_hold BEFORE INSERT OR UPDATE OR DELETE ON " + std::string(table.name) +
              " FOR EACH STATEMENT EXECUTE FUNCTION move_hold();\n";
  }
  return script;
}

/// Locks on several tables at once may meet a transaction that takes them in another order; then one is
/// ended.
void write_patiently(db::Side& side, const std::string& script) {
  constexpr int most = 8;
  for (int tried = 1;; ++tried) {
    try {
      side.write([&](db::Connection& connection) { connection.execute_script(script); });
      return;
    } catch (const Unavailable&) {
      if (tried == most) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100 * tried));
  }
}

class Changes final : public db::RowSink {
 public:
  Changes(std::vector<std::set<db::Cell>>& changed, std::int64_t& seen) : changed_(changed), seen_(seen) {}
  void row(std::span<const db::Value> columns) override {
    const std::string_view name = db::text_of(columns[1]);
    const auto content = tables::list_content();
    for (std::size_t i = 0; i < content.size(); ++i) {
      if (content[i].name == name) changed_[i].insert(db::keep(columns[2], content[i].columns.front().type));
    }
    seen_ = db::integer_of(columns[0]);
    ++count;
  }
  std::int64_t count = 0;

 private:
  std::vector<std::set<db::Cell>>& changed_;
  std::int64_t& seen_;
};

}  // namespace

bool take_turn(db::Side& side) {
  if (side.dialect() == Dialect::sqlite) return true;  // who has the data directory is alone
  bool taken = false;
  side.read([&](db::Connection& connection) { taken = db::Tx(connection).run(try_lock, turn).value(); });
  return taken;
}

void begin_log(db::Side& source) {
  source.write([](db::Connection& connection) {
    connection.execute_script(release_sqlite());
    connection.execute_script(log_of_sqlite());
  });
}

void hold_writes(db::Side& source) {
  if (source.dialect() == Dialect::sqlite) {
    source.write([](db::Connection& connection) { connection.execute_script(hold_of_sqlite()); });
    return;
  }
  write_patiently(source, hold_of_postgres());
  source.read([](db::Connection& connection) {
    connection.execute_script("SELECT pg_advisory_lock(" + std::to_string(hold) + ")");
  });
}

void release(db::Side& source) {
  if (source.dialect() == Dialect::sqlite) {
    source.write([](db::Connection& connection) { connection.execute_script(release_sqlite()); });
    return;
  }
  source.read([](db::Connection& connection) {
    connection.execute_script(
        "SELECT pg_advisory_unlock(" + std::to_string(hold) +
        ") FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objid = " +
        std::to_string(hold & 0xffffffff));
  });
  write_patiently(source, forget_leaving + release_postgres());
}

void hold_for_ever(db::Connection& source, Dialect dialect) {
  if (dialect == Dialect::postgres) source.execute_script(hold_function(""));
  // SQLite's triggers ask for nobody who lives.
}

void drop_log(db::Connection& source, Dialect dialect) {
  if (dialect == Dialect::sqlite) source.execute_script(drop_log_of_sqlite());
}

void clear_remains(db::Side& store) {
  const bool postgres = store.dialect() == Dialect::postgres;
  bool found = false;
  store.read([&](db::Connection& connection) {
    db::Tx tx(connection);
    found = (postgres ? tx.run(find_postgres_remains) : tx.run(find_sqlite_remains)).has_value();
    if (found) found = tx.run(list_barring).empty();
  });
  if (!found) return;
  if (!postgres) return release(store);
  // A move may be at work.
  store.write([](db::Connection& connection) {
    if (!db::Tx(connection).run(try_lock_for_now, turn).value()) return;
    connection.execute_script(release_postgres());
  });
}

void Log::read_on(db::Side& source) {
  static constexpr db::Type parameters[] = {db::Type::integer, db::Type::integer};
  static constexpr db::StatementText list_after{
      "SELECT seq, table_name, row_key FROM move_changes WHERE seq > $1 ORDER BY seq LIMIT $2", parameters, 3,
      true};
  constexpr std::int64_t page = 5000;
  for (;;) {
    std::int64_t count = 0;
    source.read([&](db::Connection& connection) {
      Changes changes(changed_, seen_);
      const db::Value values[] = {seen_, page};
      connection.execute(list_after, values, changes);
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

}  // namespace latchkey::store::moves
