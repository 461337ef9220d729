// The tables of migrations/, made by the migrations themselves, on a database of their own; and the few rows
// that most tests need.
#pragma once

#include <atomic>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "crypto/random.h"
#include "crypto/sha256.h"
#include "db/migrate.h"
#include "store/db/fixture.h"
#include "store/mails.h"
#include "store/migrations.h"
#include "store/sessions.h"
#include "store/users.h"

namespace latchkey::store::test {

class StoreTest : public testing::TestWithParam<db::test::Backend> {
 protected:
  StoreTest() { db::migrate(database, migration_files, crypto::sha256_hex, now); }

  /// A row as sign-up writes it.
  users::NewUser row(const std::string& email) const {
    return {.subject = crypto::new_subject(),
            .email = email,
            .email_key = email,
            .username = "somebody",
            .username_key = std::nullopt,
            .password_hash = "$hash$",
            .role = Role::user,
            .confirmed = false,
            .now = now};
  }
  std::optional<UserId> insert(const users::NewUser& user) {
    auto work = [&](db::Tx& tx) { return users::insert_user(tx, user); };
    return database.write_now(work);
  }
  UserId add(const std::string& email) { return insert(row(email)).value(); }
  UserId add_confirmed(const std::string& email, Role role = Role::user) {
    auto user = row(email);
    user.confirmed = true;
    user.role = role;
    return insert(user).value();
  }
  users::User find(UserId id) { return database.run_now(users::find_user, now, id).value(); }

  /// A session that is idle for an hour and a day old at its limits.
  SessionId open(UserId user) {
    const sessions::NewSession session{.id = crypto::new_session_id(),
                                       .user_id = user,
                                       .now = now,
                                       .idle_expires_at = now + hour,
                                       .expires_at = now + 24 * hour,
                                       .address = "192.0.2.1",
                                       .user_agent = "test"};
    auto work = [&](db::Tx& tx) { sessions::insert_session(tx, session); };
    database.write_now(work);
    return session.id;
  }
  LinkId queue_mail(UserId user, Timestamp at, const std::string& link = "confirmation") {
    const LinkId id = crypto::new_link_id();
    database.run_now(mails::insert_mail, id, user, "confirmation", "to@example.com", "de", "{}", link, at);
    return id;
  }
  /// As a program up to 0.1.0 does.
  LinkId queue_mail_in_outbox(UserId user, Timestamp at) {
    static constexpr db::Statement<db::Affected, LinkId, UserId, Timestamp> insert{
        "INSERT INTO outbox (id, user_id, message, created_at, next_try_at, tries, put_aside, last_error) "
        "VALUES ($1, $2, 'confirmation', $3, $3, 0, FALSE, '')"};
    const LinkId id = crypto::new_link_id();
    database.run_now(insert, id, user, at);
    return id;
  }

  /// Calls `ask` with 0, 1, … from as many threads, all at the same moment. How often it answered true.
  template <class Ask>
  static int ask_at_once(int callers, Ask ask) {
    std::latch start(callers);
    std::atomic<int> granted{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < callers; ++i) {
      threads.emplace_back([&, i] {
        start.arrive_and_wait();
        granted += ask(i) ? 1 : 0;
      });
    }
    for (auto& thread : threads) thread.join();
    return granted;
  }

  static constexpr Microseconds second = std::chrono::seconds(1);
  static constexpr Microseconds hour = std::chrono::hours(1);
  Timestamp now{std::chrono::seconds{1'800'000'000}};
  db::test::TempDir directory;
  db::Database database{GetParam().open(directory.path())};
};

}  // namespace latchkey::store::test
