// features/password_change: the owner changes or removes the password, and the step of a sign-in that needs a
// new one.

#include "features/passkeys/own_passkeys.h"
#include "flow/accounts/factors.h"
#include "flow/owner.h"

namespace latchkey::flow {
namespace {

using namespace std::chrono_literals;

constexpr db::Statement<db::Affected, UserId> demand_new_password{
    "UPDATE users SET must_change_password = TRUE WHERE id = $1"};

class PasswordChange : public OwnerWorld {
 protected:
  using Change = features::password_change::Change;
  using OtherSessions = features::password_change::OtherSessions;

  Change change(const std::string& to, std::optional<std::string> current = {},
                OtherSessions others = OtherSessions::end) {
    Change change{
        .current = std::nullopt, .password = Secret(std::string_view(to)), .others = others, .language = ""};
    if (current.has_value()) change.current = Secret(std::string_view(*current));
    return change;
  }
  Result<> run(const sessions::Caller& caller, Change change) {
    return wait(features::password_change::change_password(services, origin(), caller, std::move(change)));
  }
  Result<> remove(const sessions::Caller& caller) {
    return wait(features::password_change::remove_password(services, origin(), caller, ""));
  }
  Result<flow::sessions::TokenPair> choose(const std::string& token, const std::string& to) {
    return wait(features::password_change::choose_password(services, origin(), token,
                                                           Secret(std::string_view(to)), ""));
  }
  void demand(UserId id) {
    auto work = [&](db::Tx& tx) {
      tx.run(store::factors::raise_version, now, id);
      tx.run(demand_new_password, id);
      tx.run(store::factors::update_mark, id);
    };
    database.write_now(work);
  }
  const std::string other = "a much better password";
};
LATCHKEY_ON_EVERY_DATABASE(PasswordChange);

TEST_P(PasswordChange, C56ItNeedsTheCurrentPasswordOrARecentProof) {
  const UserId id = member(mine);
  const auto caller = signed_in(mine);
  now += 11min;
  const auto before = credentials(id);
  EXPECT_EQ(code(run(caller, change(other))), ErrorCode::recent_sign_in_required);
  EXPECT_EQ(code(run(caller, change(other, "a wrong one"))), ErrorCode::invalid_credentials);
  EXPECT_EQ(credentials(id).password_hash, before.password_hash);
  EXPECT_EQ(credentials(id).security_version, before.security_version);
  EXPECT_FALSE(mail("password_replaced", mine).has_value());

  EXPECT_TRUE(run(caller, change(other, password)).has_value());
  EXPECT_EQ(credentials(id).security_version, before.security_version + 1);
  EXPECT_TRUE(mail("password_replaced", mine).has_value());
  EXPECT_EQ(code(log_in(mine)), ErrorCode::invalid_credentials);
  EXPECT_TRUE(log_in(mine, other).has_value());
}

TEST_P(PasswordChange, C57WithAStolenTokenNobodyGuessesMoreThanAtASignIn) {
  const UserId id = member(mine);
  const auto caller = signed_in(mine);
  now += 11min;
  int looked_at = 0;
  for (int i = 0; i < 12; ++i) {
    if (code(run(caller, change(other, "a wrong one"))) == ErrorCode::invalid_credentials) ++looked_at;
  }
  EXPECT_EQ(looked_at, 10);
  EXPECT_EQ(code(run(caller, change(other, password))), ErrorCode::too_many_attempts);
  EXPECT_EQ(credentials(id).security_version, 0);
}

TEST_P(PasswordChange, OtherSessionsEndUnlessTheyAreKeptAndTheCallersStays) {
  const UserId id = member(mine);
  signed_in(mine);
  const auto caller = signed_in(mine);
  ASSERT_EQ(sessions(id), 2);
  ASSERT_TRUE(run(caller, change(other, {}, OtherSessions::keep)).has_value());
  EXPECT_EQ(sessions(id), 2);
  ASSERT_TRUE(run(caller, change("one more good password")).has_value());
  EXPECT_EQ(sessions(id), 1);
  EXPECT_TRUE(run(caller, change(other)).has_value()) << "the caller goes on";
}

TEST_P(PasswordChange, AWeakPasswordIsRefusedAndNothingChanges) {
  const UserId id = member(mine);
  const auto caller = signed_in(mine);
  const auto before = credentials(id);
  EXPECT_EQ(code(run(caller, change("password123"))), ErrorCode::validation_failed);
  EXPECT_EQ(code(run(caller, change("short"))), ErrorCode::validation_failed);
  EXPECT_EQ(credentials(id).password_hash, before.password_hash);
  EXPECT_EQ(credentials(id).security_version, before.security_version);
}

TEST_P(PasswordChange, C58TheLastWayInIsNeverRemoved) {
  const UserId id = member(mine);
  const auto caller = signed_in(mine);
  const auto before = credentials(id);
  EXPECT_EQ(code(remove(caller)), ErrorCode::last_way_in);
  EXPECT_EQ(credentials(id).password_hash, before.password_hash);
  EXPECT_EQ(credentials(id).security_version, before.security_version);

  add_passkey(id, 1);
  EXPECT_EQ(code(remove(caller)), ErrorCode::recent_sign_in_required) << "a password is no proof any more";
  ASSERT_TRUE(remove(with_passkey(id)).has_value());
  EXPECT_EQ(store::factors::without_mark(credentials(id).password_hash), "");
  EXPECT_TRUE(mail("password_removed", mine).has_value());
  EXPECT_EQ(code(log_in(mine)), ErrorCode::invalid_credentials);
  EXPECT_EQ(code(log_in(mine, "")), ErrorCode::invalid_credentials);
}

TEST_P(PasswordChange, C65APasskeyThatNobodyCanSignInWithAloneIsNoWayIn) {
  settings.accounts.mail_sign_in = false;
  const UserId id = member(mine);
  add_passkey(id, 1, "localhost", false);  // asks for no fingerprint: needs the password
  add_passkey(id, 2, "elsewhere.example");
  const auto before = credentials(id);
  EXPECT_EQ(code(remove(with_passkey(id))), ErrorCode::last_way_in);
  EXPECT_EQ(credentials(id).password_hash, before.password_hash);
  EXPECT_EQ(credentials(id).security_version, before.security_version);
  EXPECT_FALSE(mail("password_removed", mine).has_value());

  add_passkey(id, 3);
  ASSERT_TRUE(remove(with_passkey(id)).has_value());
  const auto take = [&](std::uint8_t name) {
    const auto by = with_passkey(id);
    const features::passkeys::Owner owner{.id = id, .subject = by.user.subject, .session = by.session};
    return wait(features::passkeys::remove_own_passkey(services, origin(), owner, Bytes{name}));
  };
  EXPECT_EQ(code(take(3)), ErrorCode::last_way_in) << "the two that stay sign nobody in";
  EXPECT_EQ(passkeys(id), 3);
  EXPECT_TRUE(take(1).has_value());
  settings.accounts.mail_sign_in = true;
  add_passkey(id, 4, "localhost", false);
  EXPECT_TRUE(take(3).has_value()) << "with a mailed code the fourth one does";
  EXPECT_EQ(code(take(4)), ErrorCode::last_way_in);
}

TEST_P(PasswordChange, C64OfThePasswordAndThePasskeysOneStaysWhoeverRemovesThem) {
  for (int round = 0; round < 15; ++round) {
    const std::string email = "r" + std::to_string(round) + "@example.org";
    const UserId id = member(email);
    add_passkey(id, static_cast<std::uint8_t>(round));
    const auto caller = with_passkey(id);
    const Origin by = system_origin(now);
    auto remove_passkeys = [&](db::Tx& tx) { return accounts::remove_passkeys(tx, services, by, id); };
    const auto one = [&](int i) -> Task<bool> {
      if (i % 2 == 0) {
        const auto done = co_await features::password_change::remove_password(services, origin(), caller, "");
        co_return done.has_value();
      }
      const auto done = co_await services.database.write(remove_passkeys);
      co_return done.has_value();
    };
    EXPECT_EQ(race(6, one), 1) << round;
    const bool has_password = !store::factors::without_mark(credentials(id).password_hash).empty();
    EXPECT_NE(has_password, passkeys(id) > 0) << round;
  }
}

TEST_P(PasswordChange, OfManyChangesAtOnceThoseThatLoseChangeNothing) {
  const UserId id = member(mine);
  const auto caller = signed_in(mine);
  const auto one = [&](int i) -> Task<bool> {
    auto wanted = change("a much better password " + std::to_string(i));
    const auto done =
        co_await features::password_change::change_password(services, origin(), caller, std::move(wanted));
    co_return done.has_value();
  };
  const int won = race(10, one);
  EXPECT_GE(won, 1);
  EXPECT_EQ(credentials(id).security_version, won);
}

TEST_P(PasswordChange, C59TheStepSetsAnotherPasswordAndSpendsItsToken) {
  const UserId id = member(mine);
  signed_in(mine);
  demand(id);
  const auto refused = log_in(mine);
  ASSERT_EQ(code(refused), ErrorCode::new_password_required);
  const std::string token = refused.error().step->login_token;
  EXPECT_EQ(code(choose(token, password)), ErrorCode::validation_failed) << "the password that it had";
  EXPECT_EQ(code(choose(token, "password123")), ErrorCode::validation_failed);
  EXPECT_TRUE(steps(id).must_change_password);

  const auto one = [&](int) -> Task<bool> {
    const auto tokens = co_await features::password_change::choose_password(
        services, origin(), token, Secret(std::string_view("a much better password")), "");
    co_return tokens.has_value();
  };
  EXPECT_EQ(race(8, one), 1);
  EXPECT_FALSE(steps(id).must_change_password);
  EXPECT_EQ(sessions(id), 1) << "those of before have ended";
  EXPECT_TRUE(log_in(mine, "a much better password").has_value());
  EXPECT_EQ(code(choose(token, "one more good password")), ErrorCode::invalid_login_token);
}

TEST_P(PasswordChange, NobodyChoosesAPasswordWhoHasNotGivenTheSecondFactor) {
  const UserId id = member(mine);
  add_passkey(id, 1);
  demand(id);
  const auto refused = log_in(mine);
  ASSERT_EQ(code(refused), ErrorCode::second_factor_required);
  const auto before = credentials(id);
  EXPECT_EQ(code(choose(refused.error().step->login_token, other)), ErrorCode::second_factor_required);
  EXPECT_EQ(code(choose("", other)), ErrorCode::invalid_login_token);
  EXPECT_EQ(credentials(id).password_hash, before.password_hash);
  EXPECT_EQ(credentials(id).security_version, before.security_version);
}

TEST_P(PasswordChange, AStepThatNobodyAskedForIsRefused) {
  const UserId id = member(mine);
  demand(id);
  const auto refused = log_in(mine);
  const std::string token = refused.error().step->login_token;
  auto work = [&](db::Tx& tx) { tx.run(store::factors::raise_version, now, id); };
  database.write_now(work);
  EXPECT_EQ(code(choose(token, other)), ErrorCode::invalid_login_token);
  EXPECT_TRUE(steps(id).must_change_password);
}

}  // namespace
}  // namespace latchkey::flow
