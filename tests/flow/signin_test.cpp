// flow/signin: what happens to an account while somebody signs in to it.

#include "crypto/jose/access_token.h"
#include "flow/accounts/accounts.h"
#include "flow/accounts/change_password.h"
#include "flow/sessions/authenticate.h"
#include "flow/signin/finish.h"
#include "flow/world.h"

namespace latchkey::flow {
namespace {

namespace users = store::users;

constexpr db::Statement<std::optional<std::int64_t>> count_sessions{"SELECT count(*) FROM sessions"};
constexpr db::Statement<std::optional<std::int64_t>> count_audit{"SELECT count(*) FROM audit"};

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
    attempt.device = wait(signin::find_device(services, address, account.subject));
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
  const auto hash = wait(hashing.hash(Secret("another rather long one"))).value();
  const auto tokens = log_in_while([&] {
    change([&](db::Tx& tx) { return accounts::change_password_by_mail(tx, by, contact, hash, {}); });
  });
  EXPECT_EQ(tokens.error().code, ErrorCode::invalid_credentials);
  EXPECT_EQ(database.run_now(count_sessions), 0);
}

}  // namespace
}  // namespace latchkey::flow
