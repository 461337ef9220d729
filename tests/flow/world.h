#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "crypto/sha256.h"
#include "db/migrate.h"
#include "features/confirmation/confirm.h"
#include "features/password/log_in.h"
#include "features/sessions/refresh.h"
#include "features/signup/sign_up.h"
#include "flow/keys/rotation.h"
#include "flow/services.h"
#include "flow/sessions/hold_caller.h"
#include "flow/sessions/open_session.h"
#include "mail/queue.h"
#include "settings/settings.h"
#include "store/mails.h"
#include "store/migrations.h"
#include "support/databases.h"

namespace latchkey::flow {

// The use cases are those of the features.
using namespace features::confirmation;
using namespace features::password;
using namespace features::sessions;
using namespace features::signup;

inline constexpr db::Statement<std::optional<std::int64_t>> count_sessions{"SELECT count(*) FROM sessions"};

/// A real store, cheap hashing, and a clock that the test moves by hand.
class World : public testing::TestWithParam<db::test::Backend> {
 protected:
  World() {
    settings.password.argon2_memory_kib = 64;
    settings.password.argon2_passes = 1;
    db::migrate(database, store::migration_files, crypto::sha256_hex, now);
    keys.reload();
    keys::rotate_keys(database, keys, settings, origin(), keys::RotationCause::schedule);
  }

  ~World() override {
    hashing.stop();
    attachment.reset();
  }

  Origin origin() const {
    return {.now = now, .address = address, .user_agent = "test", .request_id = "r", .actor = ""};
  }

  /// Runs a flow on this thread to its end.
  template <class T>
  T wait(Task<T> flow) {
    std::optional<T> result;
    std::exception_ptr failure;
    auto done = [&](std::exception_ptr error, T value) {
      failure = error;
      result.emplace(std::move(value));
    };
    asio::co_spawn(io, std::move(flow), done);
    io.restart();
    // Not until the loop is empty: a driver's timers stay in it for a while.
    while (!result && io.run_one() > 0) continue;
    if (!result) throw std::logic_error("a flow never came to its end");
    if (failure) std::rethrow_exception(failure);
    return std::move(*result);
  }

  /// Runs many flows at once on this thread; answers how often each outcome came ("ok", or a code).
  template <class T>
  std::map<std::string, int> at_once(int times, const std::function<Task<Result<T>>(int)>& flow) {
    std::map<std::string, int> outcomes;
    std::exception_ptr failure;
    int done = 0;
    for (int i = 0; i < times; ++i) {
      asio::co_spawn(io, flow(i), [&](std::exception_ptr error, Result<T> result) {
        if (error) failure = error;
        ++done;
        ++outcomes[result.has_value() ? "ok" : std::string(describe(result.error().code).code)];
      });
    }
    io.restart();
    while (done < times && io.run_one() > 0) continue;
    if (failure) std::rethrow_exception(failure);
    return outcomes;
  }

  Result<SignedUp> sign_up(const std::string& email, const std::string& password = "correct horse battery") {
    return wait(features::signup::sign_up(
        services, origin(), {.email = email, .username = "somebody", .password = Secret(password)}));
  }
  Result<sessions::TokenPair> log_in(const std::string& email,
                                     const std::string& password = "correct horse battery") {
    return wait(
        features::password::log_in(services, origin(), {.email = email, .password = Secret(password)}));
  }
  Result<sessions::TokenPair> refresh(const std::string& token) {
    return wait(features::sessions::refresh(services, origin(), token));
  }

  /// The token of the link in the mail that waits for an address.
  std::string link_token(const std::string& email) {
    for (const auto& mail : waiting_mails()) {
      if (mail.recipient == email) return token_of(links_of(mail).value());
    }
    return "";
  }
  std::vector<store::mails::Mail> waiting_mails() {
    return database.run_now(store::mails::current.list_all, LinkId{}, std::int64_t{100});
  }
  /// The links of a mail, as the mail thread makes them.
  std::optional<mail::Links> links_of(const store::mails::Mail& row) {
    return make_confirmation_links(
        {.ring = keys.current()->ring(), .public_url = services.public_url, .settings = settings},
        {.id = row.id,
         .recipient = row.recipient,
         .parameters = {},
         .created_at = row.created_at,
         .now = now,
         .account = database.run_now(store::users::find_contact_by_id, row.user_id)});
  }
  static std::string token_of(const mail::Links& links) {
    const auto url = mail::value_of(links.values, "confirm_url");
    return std::string(url.substr(url.rfind('/') + 1));
  }

  /// A confirmed account.
  UserId member(const std::string& email) {
    const auto user = sign_up(email).value().user;
    EXPECT_TRUE(wait(confirm_email(services, origin(), link_token(email))).has_value());
    return user.id;
  }

  /// A new session of an account, as a sign-in that has proved `methods` (bits of signin/next_step.h) opens
  /// it.
  sessions::SessionState open_session(UserId user, std::int64_t methods = 1) {
    const Origin by = origin();
    auto work = [&](db::Tx& tx) {
      const auto account = tx.run(store::users::find_credentials_by_id, user).value();
      return sessions::open_session(tx, settings, by, user, account.subject, account.role, methods);
    };
    return database.write_now(work);
  }
  /// Whoever asks for a change with such a session.
  sessions::Asker asker(UserId user, std::int64_t methods = 1) {
    return {.user = user, .session = open_session(user, methods).id};
  }

  Timestamp now{std::chrono::seconds{1'800'000'000}};
  std::string address = "192.0.2.1";  ///< where the client is
  Settings settings;
  db::test::TempDir folder;
  asio::io_context io{1};
  db::Database database{GetParam().open(folder.path())};
  keys::Keys keys{database, Secret("0123456789abcdef0123456789abcdef"), {}};
  crypto::password::HashingPool hashing{
      {.parameters = {.memory_kib = 64, .passes = 1}, .threads = 1, .queue_limit = 16}};
  limits::BackoffTable unknown_addresses;
  limits::BackoffTable repeated_refusals;
  TokenBuckets buckets{{1, 2}};
  int mails_announced = 0;
  /// The same but for the keys.
  Services services_with(keys::Keys& other) {
    return {.database = database,
            .hashing = hashing,
            .keys = other,
            .unknown_addresses = unknown_addresses,
            .repeated_refusals = repeated_refusals,
            .buckets = buckets,
            .settings = settings,
            .public_url = "http://localhost:8080",
            .wake_mail = [this] { ++mails_announced; }};
  }
  Services services = services_with(keys);
  std::optional<db::Database::Attachment> attachment{std::in_place, attach()};

 private:
  db::Driver& attach() {
    database.driver().attach_thread(io);
    return database.driver();
  }
};

}  // namespace latchkey::flow
