// What durable writes cost at least on this machine: one connection, prepared statements, groups of writes
// that share a commit (WAL, synchronous=FULL), in a store of the server's own schema that `fill_store` has
// filled.
//
//   limit_sqlite update DATA_DIR --seconds S --group N     one session moved on, as a refresh does
//   limit_sqlite insert DATA_DIR --seconds S --group N     the rows of one sign-up

#include <sys/random.h>

#include <array>
#include <string>

#include "ids.h"
#include "measure.h"
#include "sqlite.h"
#include "store/mails.h"

namespace latchkey::bench {
namespace {

constexpr std::int64_t start_of_time = 1'800'000'000'000'000;

Id random_id() {
  Id id{};
  if (::getrandom(id.data(), id.size(), 0) != static_cast<ssize_t>(id.size())) give_up("no random bytes");
  return id;
}

/// Calls `write` in groups that share a commit, until the time is over.
template <class Write>
void measure(Sqlite& database, const Arguments& arguments, Write write) {
  const double seconds = arguments.number("seconds", 2);
  const std::uint64_t group = arguments.count("group", 64);
  std::uint64_t done = 0;
  const Stopwatch watch;
  while (watch.elapsed() < seconds) {
    database.run("BEGIN IMMEDIATE");
    for (std::uint64_t i = 0; i < group; ++i) write(done + i);
    database.run("COMMIT");
    done += group;
  }
  watch.report(done);
}

void update_sessions(Sqlite& database, const Arguments& arguments) {
  const auto sessions = static_cast<std::uint64_t>(database.number("SELECT count(*) FROM sessions"));
  if (sessions == 0) give_up("the store has no sessions: fill it first");
  // Of store::sessions::advance what no rotation can do without.
  Prepared advance(database,
                   "UPDATE sessions SET generation = generation + 1, rotated_at = $1, idle_expires_at = $2 "
                   "WHERE id = $3 AND generation = $4 RETURNING generation");
  // Each session is touched once before any is touched again; their generations are equal from the start of a
  // round.
  const std::uint64_t first =
      static_cast<std::uint64_t>(database.number("SELECT sum(generation) FROM sessions"));
  measure(database, arguments, [&](std::uint64_t n) {
    const std::uint64_t turn = first + n;
    const Id id = id_of(Kind::session, turn % sessions * 7919 % sessions);
    const auto now = start_of_time + static_cast<std::int64_t>(turn);
    advance.bind(1, now).bind(2, now + 1).bind(3, id).bind(4, static_cast<std::int64_t>(turn / sessions));
    if (advance.run() != 1) give_up("a session was not where it should be");
  });
}

void insert_accounts(Sqlite& database, const Arguments& arguments) {
  Prepared user(
      database,
      "INSERT INTO users (subject, email, email_key, username, username_key, password_hash, role, confirmed, "
      "is_active, failed_sign_ins, locked_until, mailed_at, created_at, updated_at) "
      "VALUES ($1, $2, $2, $3, NULL, $4, 'user', FALSE, TRUE, 0, 0, $5, $5, $5) ON CONFLICT DO NOTHING");
  Prepared audit(database,
                 "INSERT INTO audit (at, event, result, actor, target, address, request_id, detail) "
                 "VALUES ($1, 'sign_up', 'ok', $2, $3, '127.0.0.1', $4, '')");
  Prepared mail(database, store::mails::insert_mail.text().sql);
  const std::string hash =
      "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  const auto first = static_cast<std::uint64_t>(database.number("SELECT coalesce(max(id), 0) FROM users"));
  measure(database, arguments, [&](std::uint64_t n) {
    const Id subject = random_id();
    const Id link = random_id();
    const std::string number = std::to_string(100'000'000 + first + n);
    const std::string email = "new" + number + "@example.com";
    const std::string username = "new user " + number;
    const std::string subject_text = "12345678-1234-4234-8234-123" + number;
    const std::string request_id = "12345678901234567890123" + number;
    const std::string parameters = R"({"username":")" + username + R"("})";
    const auto now = start_of_time + static_cast<std::int64_t>(n);
    user.bind(1, subject).bind(2, email).bind(3, username).bind(4, hash).bind(5, now).run();
    const std::int64_t id = database.last_id();
    audit.bind(1, now).bind(2, "").bind(3, subject_text).bind(4, request_id).run();
    mail.bind(1, link).bind(2, id).bind(3, "confirmation").bind(4, email).bind(5, "");
    mail.bind(6, parameters).bind(7, "confirm").bind(8, now).run();
  });
}

int run(const Arguments& arguments) {
  Sqlite database(arguments.positional(1));
  database.run("PRAGMA synchronous = FULL");
  const std::string& what = arguments.positional(0);
  if (what == "update") {
    update_sessions(database, arguments);
  } else if (what == "insert") {
    insert_accounts(database, arguments);
  } else {
    give_up("update or insert");
  }
  return 0;
}

}  // namespace
}  // namespace latchkey::bench

int main(int argc, char** argv) { return latchkey::bench::run(latchkey::bench::Arguments(argc, argv)); }
