#include <libpq-fe.h>

#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/id.h"
#include "measure.h"
#include "users.h"

namespace latchkey::bench {
namespace {

struct Free {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Free>;

class Postgres {
 public:
  explicit Postgres(const std::string& url) : connection_(PQconnectdb(url.c_str())) {
    if (PQstatus(connection_.get()) != CONNECTION_OK) fail("connecting");
  }

  Result run(const std::string& sql) {
    Result result(PQexec(connection_.get(), sql.c_str()));
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN) fail(sql);
    return result;
  }
  /// The first column.
  std::vector<std::string> list(const std::string& sql) {
    const Result result = run(sql);
    std::vector<std::string> texts;
    for (int row = 0; row < PQntuples(result.get()); ++row)
      texts.emplace_back(PQgetvalue(result.get(), row, 0));
    return texts;
  }
  std::int64_t number(const std::string& sql) { return std::stoll(list(sql).at(0)); }

  /// COPY: `write` appends the n-th line to what it is given.
  template <class Write>
  void copy(const std::string& table_and_columns, std::uint64_t lines, Write write) {
    run("COPY " + table_and_columns + " FROM STDIN");
    std::string buffer;
    for (std::uint64_t n = 0; n < lines; ++n) {
      write(n, buffer);
      buffer += '\n';
      if (buffer.size() < full && n + 1 < lines) continue;
      if (PQputCopyData(connection_.get(), buffer.data(), static_cast<int>(buffer.size())) != 1)
        fail("copying");
      buffer.clear();
    }
    if (PQputCopyEnd(connection_.get(), nullptr) != 1) fail("copying");
    const Result end(PQgetResult(connection_.get()));
    if (PQresultStatus(end.get()) != PGRES_COMMAND_OK) fail("copying");
    const Result none(PQgetResult(connection_.get()));
  }

 private:
  static constexpr std::size_t full = 256 * 1024;

  [[noreturn]] void fail(const std::string& doing) const {
    give_up(std::string("PostgreSQL: ") + PQerrorMessage(connection_.get()) + "while doing: " + doing);
  }

  std::unique_ptr<PGconn, Free> connection_;
};

/// The indexes and constraints of the two tables, away while this lives and back at `restore`: making an
/// index of a full table costs a fraction of keeping it up row by row.
class WithoutIndexes {
 public:
  explicit WithoutIndexes(Postgres& database) : database_(database) {
    const std::string ours = "IN ('users'::regclass, 'sessions'::regclass)";
    // Foreign keys hang on the primary keys: they go first and come back last.
    const std::string constraints = " FROM pg_constraint WHERE contype IN ('p', 'u', 'f') AND (conrelid " +
                                    ours + " OR confrelid " + ours + ") ORDER BY contype <> 'f', conname";
    const std::string indexes = " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE indrelid " +
                                ours +
                                " AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid)";
    restoring_ = database.list("SELECT pg_get_indexdef(c.oid)" + indexes);
    const auto constrained = database.list(
        "SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, "
        "pg_get_constraintdef(oid))" +
        constraints);
    restoring_.insert(restoring_.end(), constrained.rbegin(), constrained.rend());
    for (const std::string& drop : database.list("SELECT format('DROP INDEX %I', c.relname)" + indexes))
      database.run(drop);
    for (const std::string& drop : database.list(
             "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname)" + constraints))
      database.run(drop);
  }

  void restore() {
    for (const std::string& statement : restoring_) database_.run(statement);
  }

 private:
  Postgres& database_;
  std::vector<std::string> restoring_;
};

std::string in_hex(const Id& id) { return "\\\\x" + to_hex(id.data(), id.size()); }

void copy_users(Postgres& database, const Filling& filling, std::int64_t first) {
  const std::string created = std::to_string(filling.at.created_at);
  const std::string rest =
      "\t" + filling.password_hash + "\tuser\tt\tt\t0\t0\t" + created + "\t" + created + "\t" + created;
  const auto write = [&](std::uint64_t n, std::string& out) {
    const Email email(n);
    out += std::to_string(first + static_cast<std::int64_t>(n));
    out.append("\t").append(in_hex(id_of(Kind::subject, n)));
    out.append("\t").append(email.address()).append("\t").append(email.address());
    out.append("\t").append(email.username()).append(rest);
  };
  database.copy(
      "users (id, subject, email, email_key, username, password_hash, role, confirmed, is_active, "
      "failed_sign_ins, locked_until, mailed_at, created_at, updated_at)",
      filling.users, write);
  database.run("SELECT setval(pg_get_serial_sequence('users', 'id'), max(id)) FROM users");
}

void copy_sessions(Postgres& database, const Filling& filling, std::int64_t first_user) {
  const std::string rest = "\t0\t" + std::to_string(filling.at.rotated_at) + "\t" +
                           std::to_string(filling.at.idle_expires_at) + "\t" +
                           std::to_string(filling.at.expires_at) + "\t" +
                           std::to_string(filling.at.created_at) + "\t127.0.0.1\tbench";
  const auto write = [&](std::uint64_t n, std::string& out) {
    out.append(in_hex(id_of(Kind::session, n))).append("\t");
    out += std::to_string(first_user + static_cast<std::int64_t>(n)) + rest;
  };
  database.copy(
      "sessions (id, user_id, generation, rotated_at, idle_expires_at, expires_at, created_at, address, "
      "user_agent)",
      filling.users, write);
}

}  // namespace

std::int64_t fill_postgres(const std::string& url, const Filling& filling) {
  Postgres database(url);
  const std::int64_t epoch = database.number("SELECT value FROM state WHERE name = 'epoch'");
  const std::int64_t first_user = database.number("SELECT coalesce(max(id), 0) + 1 FROM users");
  database.run("SET maintenance_work_mem = '1GB'");
  database.run("BEGIN");
  WithoutIndexes indexes(database);
  copy_users(database, filling, first_user);
  copy_sessions(database, filling, first_user);
  indexes.restore();
  database.run("COMMIT");
  // As a database in use has it: statistics, and no row that nobody has looked at.
  database.run("VACUUM (ANALYZE) users, sessions");
  return epoch;
}

}  // namespace latchkey::bench
