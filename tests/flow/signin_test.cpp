// flow/signin: what happens to an account while somebody signs in to it.

#include "crypto/jose/access_token.h"
#include "crypto/password/counters.h"
#include "flow/accounts/accounts.h"
#include "flow/accounts/change_password.h"
#include "flow/sessions/authenticate.h"
#include "flow/signin/finish.h"
#include "flow/world.h"

namespace latchkey::flow::signin_test {
namespace {

namespace users = store::users;

constexpr db::Statement<std::optional<std::int64_t>> count_audit{"SELECT count(*) FROM audit"};
constexpr db::Statement<db::Affected, std::string, std::string> update_hash{
    "UPDATE users SET password_hash = $1 WHERE email_key = $2"};
constexpr db::Statement<std::optional<std::string>> find_last_detail{
    "SELECT detail FROM audit ORDER BY id DESC LIMIT 1"};

std::uint64_t hashes() { return crypto::password::counters::hashed.value(); }

class SignIn : public World {
 protected:
  users::Credentials credentials() {
    return database.run_now(users::find_credentials, "a@example.org").value();
  }
  template <class Change>
  auto change(Change work) {
    return database.write_now(work);
  }
  Result<sessions::SessionState> finish(const users::Credentials& account) {
    const Origin by = origin();
    signin::Attempt attempt;
    attempt.account = account;
    attempt.device = wait(signin::find_device(services, client_of(origin()), account.subject));
    return change(
        [&](db::Tx& tx) { return signin::finish_sign_in(tx, settings, by, attempt, std::nullopt); });
  }

  /// Signs in from elsewhere, and makes the change once the attempt is counted, that is before the password
  /// is looked at.
  template <class Change>
  Result<sessions::TokenPair> log_in_while(Change meanwhile) {
    std::optional<Result<sessions::TokenPair>> answer;
    auto ask = [&]() -> Task<void> {
      LoginInput input{.email = "a@example.org", .password = Secret("correct horse battery")};
      answer = co_await features::password::log_in(services, origin(), std::move(input));
    };
    address = "198.51.100.7";
    asio::co_spawn(io, ask(), asio::detached);
    io.restart();
    bool changed = false;
    while (!answer && io.run_one() > 0) {
      if (changed || credentials().failed_sign_ins == 0) continue;
      meanwhile();
      changed = true;
    }
    EXPECT_TRUE(changed);
    return *answer;
  }
};

LATCHKEY_ON_EVERY_DATABASE(SignIn);

TEST_P(SignIn, OpensASessionOnlyForTheAccountThatWasProved) {
  const UserId user = member("a@example.org");
  const auto proved = credentials();
  const auto entries = database.run_now(count_audit);

  auto another_hash = proved;
  another_hash.password_hash = "$other$";
  EXPECT_EQ(finish(another_hash).error().code, ErrorCode::invalid_credentials);
  auto another_version = proved;
  ++another_version.security_version;
  EXPECT_EQ(finish(another_version).error().code, ErrorCode::invalid_credentials);
  database.run_now(users::update_is_active, false, now, user);
  EXPECT_EQ(finish(proved).error().code, ErrorCode::account_blocked);
  EXPECT_EQ(finish(credentials()).error().code, ErrorCode::account_blocked);
  database.run_now(users::update_is_active, true, now, user);
  EXPECT_EQ(finish(proved).error().code, ErrorCode::invalid_credentials) << "blocked in between";
  EXPECT_EQ(database.run_now(count_sessions), 0);
  EXPECT_EQ(database.run_now(count_audit), entries);

  EXPECT_EQ(finish(credentials())->subject, proved.subject);
  EXPECT_EQ(database.run_now(count_sessions), 1);
}

TEST_P(SignIn, ARoleThatChangesMeanwhileIsTheOneOfTheToken) {
  const UserId user = member("a@example.org");
  const Origin by = origin();
  const auto tokens = log_in_while(
      [&] { change([&](db::Tx& tx) { return accounts::set_role(tx, by, user, Role::moderator); }); });
  ASSERT_TRUE(tokens.has_value());
  const auto caller = wait(sessions::authenticate(services, now, tokens->access_token));
  EXPECT_EQ(caller->user.role, Role::moderator);
  const crypto::jose::ExpectedAudience expected{
      .iss = services.public_url, .aud = services.public_url, .client_id = settings.tokens.client_id};
  const auto claims = crypto::jose::verify_access_token(tokens->access_token, keys.current()->verify_keys(),
                                                        expected, to_numeric_date(now));
  EXPECT_EQ(claims->role, Role::moderator);
  EXPECT_EQ(credentials().failed_sign_ins, 0) << "one try, and a right one";
}

TEST_P(SignIn, AnAccountThatIsBlockedMeanwhileIsRefused) {
  const UserId user = member("a@example.org");
  const Origin by = origin();
  const auto tokens = log_in_while([&] {
    change([&](db::Tx& tx) { return accounts::set_access(tx, by, user, accounts::Access::blocked); });
  });
  EXPECT_EQ(tokens.error().code, ErrorCode::account_blocked);
  EXPECT_EQ(database.run_now(count_sessions), 0);
}

TEST_P(SignIn, ThePasswordBeforeANewOneOpensNothingMeanwhile) {
  member("a@example.org");
  const Origin by = origin();
  const auto contact = database.run_now(users::find_contact, "a@example.org").value();
  const auto hash = wait(hashing.hash({}, Secret("another rather long one"))).value();
  const auto tokens = log_in_while([&] {
    change([&](db::Tx& tx) { return accounts::change_password_by_mail(tx, by, contact, hash, {}); });
  });
  EXPECT_EQ(tokens.error().code, ErrorCode::invalid_credentials);
  EXPECT_EQ(database.run_now(count_sessions), 0);
}

TEST_P(SignIn, F34_NeitherALockedAccountNorAKnownAddressCostsAHash) {
  member("a@example.org");
  settings.limits.login_failures = 2;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(log_in("a@example.org", "wrong").error().code, ErrorCode::invalid_credentials);
    EXPECT_EQ(log_in("nobody@example.org", "wrong").error().code, ErrorCode::invalid_credentials);
  }
  const auto before = hashes();
  const auto stored = credentials().password_hash;
  for (const std::string address : {"a@example.org", "nobody@example.org"}) {
    EXPECT_EQ(log_in(address).error().code, ErrorCode::too_many_attempts) << address;
  }
  EXPECT_EQ(sign_up("a@example.org").error().code, ErrorCode::account_exists);
  EXPECT_EQ(hashes(), before);
  EXPECT_EQ(credentials().password_hash, stored);
  EXPECT_TRUE(sign_up("b@example.org").has_value());
  EXPECT_EQ(hashes(), before + 1) << "so they are counted";
}

TEST_P(SignIn, F33_AHashBeyondTheBoundsIsAWrongPasswordOfUsualCost) {
  member("a@example.org");
  address = "198.51.100.7";
  const std::string end = "$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  for (const std::string& stored :
       {"$argon2id$v=19$m=4194304,t=1,p=1" + end, "$argon2id$v=19$m=131072,t=100,p=1" + end,
        std::string("$2b$16$X5kBqt5cC.4sGIDNw8hT9e4eCIf9RhmlvnBuYv17ZnANLSU4OBAZ6"),
        std::string("nonsense")}) {
    database.run_now(update_hash, stored, std::string("a@example.org"));
    const auto before = hashes();
    const auto entries = database.run_now(count_audit).value();
    EXPECT_EQ(log_in("a@example.org").error().code, ErrorCode::invalid_credentials);
    EXPECT_EQ(hashes(), before + 1) << "what an unknown address costs";
    EXPECT_EQ(database.run_now(count_audit), entries + 1);
    EXPECT_EQ(database.run_now(find_last_detail),
              "unknown device; the stored hash is unreadable or beyond the bounds");
    EXPECT_EQ(credentials().password_hash, stored);
  }
  EXPECT_EQ(credentials().failed_sign_ins, 4);
  EXPECT_EQ(database.run_now(count_sessions), 0);
}

TEST_P(SignIn, F44_APasswordThatBcryptDidNotSeeWholeReplacesNoHash) {
  member("a@example.org");
  const std::string seen = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  const std::string stored = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
  const std::string whole = seen + "chars after 72 are ignored";
  database.run_now(update_hash, stored, std::string("a@example.org"));
  EXPECT_TRUE(log_in("a@example.org", seen + "another end").has_value()) << "what bcrypt can not tell apart";
  EXPECT_EQ(credentials().password_hash, stored);
  EXPECT_TRUE(log_in("a@example.org", whole).has_value()) << "the owner is not locked out";
  EXPECT_EQ(credentials().password_hash, stored);
  EXPECT_TRUE(log_in("a@example.org", seen).has_value());
  EXPECT_TRUE(credentials().password_hash.starts_with("$argon2id$")) << "72 bytes are seen whole";
}

}  // namespace
}  // namespace latchkey::flow::signin_test
