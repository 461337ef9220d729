#include "sqlite.h"
#include "users.h"

namespace latchkey::bench {
namespace {

void insert_users(Sqlite& database, const Filling& filling) {
  Prepared user(
      database,
      "INSERT INTO users (subject, email, email_key, username, password_hash, role, confirmed, is_active, "
      "failed_sign_ins, locked_until, mailed_at, created_at, updated_at) "
      "VALUES ($1, $2, $2, $3, $4, 'user', TRUE, TRUE, 0, 0, $5, $5, $5)");
  for (std::uint64_t n = 0; n < filling.users; ++n) {
    const Email email(n);
    const Id subject = id_of(Kind::subject, n);
    user.bind(1, subject)
        .bind(2, email.address())
        .bind(3, email.username())
        .bind(4, filling.password_hash)
        .bind(5, filling.at.created_at);
    user.run();
  }
}

void insert_sessions(Sqlite& database, const Filling& filling, std::int64_t first_user) {
  Prepared session(
      database,
      "INSERT INTO sessions (id, user_id, generation, rotated_at, idle_expires_at, expires_at, created_at, "
      "address, user_agent) VALUES ($1, $2, 0, $3, $4, $5, $6, '127.0.0.1', 'bench')");
  session.bind(3, filling.at.rotated_at)
      .bind(4, filling.at.idle_expires_at)
      .bind(5, filling.at.expires_at)
      .bind(6, filling.at.created_at);
  for (std::uint64_t n = 0; n < filling.users; ++n) {
    const Id id = id_of(Kind::session, n);
    session.bind(1, id).bind(2, first_user + static_cast<std::int64_t>(n)).run();
  }
}

}  // namespace

std::int64_t fill_sqlite(const std::string& data_dir, const Filling& filling) {
  Sqlite database(data_dir);
  // A crash loses the store, which the next run makes anew; at the end it is what the server expects.
  database.run("PRAGMA journal_mode = OFF");
  database.run("PRAGMA synchronous = OFF");
  // Ids come in no order, as in life: the trees that they go into must fit.
  database.run("PRAGMA cache_size = -3000000");
  const std::int64_t epoch = database.number("SELECT value FROM state WHERE name = 'epoch'");
  const std::int64_t first_user = database.number("SELECT coalesce(max(id), 0) + 1 FROM users");
  database.run("BEGIN IMMEDIATE");
  insert_users(database, filling);
  insert_sessions(database, filling, first_user);
  database.run("COMMIT");
  database.run("PRAGMA journal_mode = WAL");
  return epoch;
}

}  // namespace latchkey::bench
