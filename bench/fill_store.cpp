// Fills a store that `latchkey migrate` has made with confirmed users, one live session each, in one
// transaction. A million take seconds. No server may run on it meanwhile.
//
//   fill_store DATA_DIR [--database-url URL] --users N --password P --memory KIB --passes N
//              [--tokens N --tokens-out FILE]
//
// User n (from 0) has the address user%08d@example.com. All share one password hash. --tokens writes the
// refresh tokens of that many sessions, spread over all of them, a line each; made with the data directory's
// master secret. With --database-url the users go into that PostgreSQL database, and only the master secret
// is taken from the data directory.

#include <algorithm>
#include <fstream>

#include "base/time.h"
#include "crypto/jose/refresh_token.h"
#include "crypto/keyring.h"
#include "crypto/password/hash.h"
#include "measure.h"
#include "settings/master_secret.h"
#include "users.h"

namespace latchkey::bench {
namespace {

constexpr std::int64_t hour = 3600LL * 1'000'000;
constexpr std::int64_t day = 24 * hour;

Moments moments_now() {
  const std::int64_t now = Clock().now().time_since_epoch().count();
  return {.created_at = now - day,
          .rotated_at = now - hour,
          .idle_expires_at = now + 7 * day,
          .expires_at = now + 29 * day};
}

void write_tokens(const Arguments& arguments, const Filling& filling, std::int64_t epoch) {
  const std::uint64_t count = std::min(arguments.count("tokens", 0), filling.users);
  if (count == 0) return;
  const auto master = settings::parse_master_secret(read_file(arguments.positional(0) + "/master_secret"));
  if (master.has_error()) give_up("the master secret can not be read");
  const crypto::Keyring ring(*master, {}, epoch);
  std::ofstream file(arguments.text("tokens-out"));
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t n = i * (filling.users / count);
    const crypto::jose::RefreshClaims claims{.sid = SessionId{id_of(Kind::session, n)},
                                             .generation = 0,
                                             .iat = filling.at.rotated_at / 1'000'000,
                                             .exp = filling.at.idle_expires_at / 1'000'000};
    file << crypto::jose::make_refresh_token(claims, ring.key(crypto::KeyUse::refresh_token)) << '\n';
  }
  if (!file.flush()) give_up("can not write " + arguments.text("tokens-out"));
}

int run(const Arguments& arguments) {
  const crypto::password::Argon2Parameters parameters{
      .memory_kib = static_cast<std::uint32_t>(arguments.count("memory", 19456)),
      .passes = static_cast<std::uint32_t>(arguments.count("passes", 2))};
  crypto::password::HashArena arena;
  const Filling filling{.users = arguments.count("users", 1000),
                        .password_hash = crypto::password::hash_password(
                            Secret(arguments.text("password", "secure_password")), parameters, arena),
                        .at = moments_now()};
  const std::string url = arguments.text("database-url");
  const std::int64_t epoch =
      url.empty() ? fill_sqlite(arguments.positional(0), filling) : fill_postgres(url, filling);
  write_tokens(arguments, filling, epoch);
  return 0;
}

}  // namespace
}  // namespace latchkey::bench

int main(int argc, char** argv) { return latchkey::bench::run(latchkey::bench::Arguments(argc, argv)); }
