// Fills a store that `latchkey migrate` has made with confirmed users, one live session each, in one
// transaction. A million take seconds. No server may run on it meanwhile.
//
//   fill_store DATA_DIR --users N --password P --memory KIB --passes N [--tokens N --tokens-out FILE]
//
// User n (from 0) has the address user%08d@example.com. All share one password hash. --tokens writes the
// refresh tokens of that many sessions, spread over all of them, a line each; made with the data directory's
// master secret.

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>

#include "base/time.h"
#include "crypto/keyring.h"
#include "crypto/password_hash.h"
#include "crypto/refresh_token.h"
#include "ids.h"
#include "measure.h"
#include "settings/master_secret.h"
#include "sqlite.h"

namespace latchkey::bench {
namespace {

constexpr std::int64_t hour = 3600LL * 1'000'000;
constexpr std::int64_t day = 24 * hour;

struct Moments {
  std::int64_t created_at;
  std::int64_t rotated_at;
  std::int64_t idle_expires_at;
  std::int64_t expires_at;
};

Moments moments_now() {
  const std::int64_t now = Clock().now().time_since_epoch().count();
  return {.created_at = now - day,
          .rotated_at = now - hour,
          .idle_expires_at = now + 7 * day,
          .expires_at = now + 29 * day};
}

void insert_users(Sqlite& database, std::uint64_t count, const std::string& hash, const Moments& at) {
  Prepared user(
      database,
      "INSERT INTO users (subject, email, email_key, username, password_hash, role, confirmed, is_active, "
      "failed_sign_ins, locked_until, mailed_at, created_at, updated_at) "
      "VALUES ($1, $2, $2, $3, $4, 'user', TRUE, TRUE, 0, 0, $5, $5, $5)");
  for (std::uint64_t n = 0; n < count; ++n) {
    std::array<char, 64> email{};
    const int size = std::snprintf(email.data(), email.size(), "user%08llu@example.com",
                                   static_cast<unsigned long long>(n));
    const std::string_view text{email.data(), static_cast<std::size_t>(size)};
    const Id subject = id_of(Kind::subject, n);
    user.bind(1, subject)
        .bind(2, text)
        .bind(3, text.substr(0, text.find('@')))
        .bind(4, hash)
        .bind(5, at.created_at);
    user.run();
  }
}

void insert_sessions(Sqlite& database, std::uint64_t count, std::int64_t first_user, const Moments& at) {
  Prepared session(
      database,
      "INSERT INTO sessions (id, user_id, generation, rotated_at, idle_expires_at, expires_at, created_at, "
      "address, user_agent) VALUES ($1, $2, 0, $3, $4, $5, $6, '127.0.0.1', 'bench')");
  session.bind(3, at.rotated_at).bind(4, at.idle_expires_at).bind(5, at.expires_at).bind(6, at.created_at);
  for (std::uint64_t n = 0; n < count; ++n) {
    const Id id = id_of(Kind::session, n);
    session.bind(1, id).bind(2, first_user + static_cast<std::int64_t>(n)).run();
  }
}

void write_tokens(const Arguments& arguments, std::uint64_t users, std::int64_t epoch, const Moments& at) {
  const std::uint64_t count = std::min(arguments.count("tokens", 0), users);
  if (count == 0) return;
  const auto master = settings::parse_master_secret(read_file(arguments.positional(0) + "/master_secret"));
  if (master.has_error()) give_up("the master secret can not be read");
  const crypto::Keyring ring(*master, {}, epoch);
  std::ofstream file(arguments.text("tokens-out"));
  for (std::uint64_t i = 0; i < count; ++i) {
    const crypto::RefreshClaims claims{.sid = SessionId{id_of(Kind::session, i * (users / count))},
                                       .generation = 0,
                                       .iat = at.rotated_at / 1'000'000,
                                       .exp = at.idle_expires_at / 1'000'000};
    file << crypto::make_refresh_token(claims, ring.refresh_key()) << '\n';
  }
  if (!file.flush()) give_up("can not write " + arguments.text("tokens-out"));
}

int run(const Arguments& arguments) {
  const std::uint64_t users = arguments.count("users", 1000);
  const crypto::Argon2Parameters parameters{
      .memory_kib = static_cast<std::uint32_t>(arguments.count("memory", 19456)),
      .passes = static_cast<std::uint32_t>(arguments.count("passes", 2))};
  crypto::HashArena arena;
  const std::string hash =
      crypto::hash_password(Secret(arguments.text("password", "secure_password")), parameters, arena);

  Sqlite database(arguments.positional(0));
  // A crash loses the store, which the next run makes anew; at the end it is what the server expects.
  database.run("PRAGMA journal_mode = OFF");
  database.run("PRAGMA synchronous = OFF");
  database.run("PRAGMA cache_size = -1000000");
  const std::int64_t epoch = database.number("SELECT value FROM state WHERE name = 'epoch'");
  const std::int64_t first_user = database.number("SELECT coalesce(max(id), 0) + 1 FROM users");
  const Moments at = moments_now();
  database.run("BEGIN IMMEDIATE");
  insert_users(database, users, hash, at);
  insert_sessions(database, users, first_user, at);
  database.run("COMMIT");
  database.run("PRAGMA journal_mode = WAL");
  write_tokens(arguments, users, epoch, at);
  return 0;
}

}  // namespace
}  // namespace latchkey::bench

int main(int argc, char** argv) { return latchkey::bench::run(latchkey::bench::Arguments(argc, argv)); }
