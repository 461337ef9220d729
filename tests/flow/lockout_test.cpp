// flow/signin/attempts.h: strangers who guess do not keep the owner out, and guess no more than a hundred
// times.

#include "flow/lockout.h"
#include "flow/accounts/accounts.h"

namespace latchkey::flow {
namespace {

constexpr db::Statement<db::Affected, std::int64_t, std::string> set_failures{
    "UPDATE users SET failed_sign_ins = $1 WHERE email_key = $2"};
constexpr db::Statement<db::Affected, std::int64_t> set_failures_of_devices{
    "UPDATE devices SET failed_sign_ins = $1"};
constexpr db::Statement<std::vector<std::string>, std::string> results_of{
    "SELECT result FROM audit WHERE event = $1 ORDER BY id"};

LATCHKEY_ON_EVERY_DATABASE(Lockout);

TEST_P(Lockout, L20_L04_AThousandGuessesFromElsewhereNeverKeepTheOwnerOut) {
  member(owner);
  ASSERT_TRUE(owner_gets_in());
  int looked_at = 0;
  for (int i = 1; i <= 1000; ++i) {
    if (!guess().has_value()) ++looked_at;
    if (i == 9 || i == 10 || i == 11 || i == 100 || i == 101 || i == 1000) {
      EXPECT_TRUE(owner_gets_in()) << i;
    }
    // Ten as fast as they can, and then one an hour, which is as fast as the locks allow.
    if (i >= 10 && i < 120) now += 1h;
  }
  EXPECT_EQ(looked_at, 100) << "a sign-in of the owner gives strangers no new guesses";
  EXPECT_EQ(notices(), 1);
  EXPECT_EQ(database.run_now(results_of, "password_closed"), std::vector<std::string>{"unknown_devices"});
}

TEST_P(Lockout, L20_TheLastAdministratorGetsInAsWell) {
  const UserId user = member(owner);
  const Origin by = origin();
  auto promote = [&](db::Tx& tx) { return accounts::set_role(tx, by, user, Role::admin); };
  ASSERT_TRUE(database.write_now(promote).has_value());
  EXPECT_EQ(guess_to_the_end(), 100);
  EXPECT_TRUE(owner_gets_in()) << "where the address was confirmed";
  EXPECT_FALSE(owner_gets_in("198.51.100.1"));
}

TEST_P(Lockout, TheHundredthFailureClosesThePasswordToUnknownDevicesUntilItIsSetAnew) {
  member(owner);
  EXPECT_EQ(guess_to_the_end(), 100);
  const auto refused = try_from("198.51.100.1", right).error();
  EXPECT_EQ(refused.code, ErrorCode::too_many_attempts) << "even the right one";
  EXPECT_EQ(refused.retry_after, 3600s);
  EXPECT_NE(refused.detail.find("new password"), std::string::npos);
  EXPECT_TRUE(owner_gets_in());
  now += 24h * 30;
  EXPECT_FALSE(owner_gets_in("198.51.100.1")) << "neither time nor a sign-in from a known device opens it";
  EXPECT_EQ(notices(), 1);

  recover("198.51.100.1", "another rather long one");
  EXPECT_EQ(failures().failed_sign_ins, 0);
  // The strangers go on at once, and lock it to each other.
  for (int i = 0; i < 20; ++i) guess();
  EXPECT_GT(failures().locked_until, now);
  EXPECT_TRUE(try_from("198.51.100.1", "another rather long one").has_value())
      << "the account knows where its new password came from";
  EXPECT_EQ(guess_to_the_end(), 90);
  EXPECT_EQ(notices(), 2) << "once for each time that it is closed";
}

TEST_P(Lockout, AnOperatorOpensItAgainToEverybody) {
  const UserId user = member(owner);
  EXPECT_EQ(guess_to_the_end(), 100);
  database.run_now(set_failures_of_devices, std::int64_t{99});
  EXPECT_EQ(try_from(home, "a wrong one").error().code, ErrorCode::invalid_credentials);
  EXPECT_FALSE(owner_gets_in());
  const auto by = operator_origin(now);
  auto unlock = [&](db::Tx& tx) { return accounts::unlock(tx, by, user); };
  ASSERT_TRUE(database.write_now(unlock).has_value());
  EXPECT_TRUE(owner_gets_in("198.51.100.1"));
  EXPECT_TRUE(owner_gets_in());
  auto nobody = [&](db::Tx& tx) { return accounts::unlock(tx, by, UserId{user.value + 1}); };
  EXPECT_EQ(database.write_now(nobody).error().code, ErrorCode::user_not_found);
}

TEST_P(Lockout, L22_EachKnownDeviceHasAHundredOfItsOwn) {
  const UserId user = member(owner);
  ASSERT_TRUE(owner_gets_in("198.51.100.1"));
  int looked_at = 0;
  for (int i = 0; i < 110; ++i) {
    looked_at +=
        try_from("198.51.100.1", "a wrong one").error().code == ErrorCode::invalid_credentials ? 1 : 0;
    now += 1h;
  }
  EXPECT_EQ(looked_at, 100);
  EXPECT_FALSE(owner_gets_in("198.51.100.1"));
  EXPECT_EQ(notices(), 1);
  EXPECT_EQ(failures().failed_sign_ins, 0);
  EXPECT_TRUE(owner_gets_in(home)) << "another known device";
  EXPECT_TRUE(owner_gets_in("198.51.100.2")) << "an unknown one";
  EXPECT_EQ(database.run_now(results_of, "password_closed"), std::vector<std::string>{"known_device"});
  recover("198.51.100.3", "another rather long one");
  EXPECT_TRUE(try_from("198.51.100.1", "another rather long one").has_value());
  EXPECT_EQ(devices(user).size(), 4U);
}

TEST_P(Lockout, L01_NobodyIsRefusedAsSomebodyIsUpToTheHundredthAndBeyond) {
  sign_up(owner).value();
  member("b@example.org");
  for (int i = 0; i < 180; ++i) {
    const auto somebody = guess("a@example.org");
    const auto confirmed = guess("b@example.org");
    const auto nobody = guess("nobody@example.org");
    ASSERT_EQ(somebody.has_value(), nobody.has_value()) << i;
    ASSERT_EQ(confirmed.has_value(), nobody.has_value()) << i;
    if (nobody.has_value()) {
      for (const auto& error : {*somebody, *confirmed}) {
        ASSERT_EQ(error.code, nobody->code) << i;
        ASSERT_EQ(error.retry_after, nobody->retry_after) << i;
        ASSERT_EQ(error.detail, nobody->detail) << i;
      }
    }
    now += i % 3 == 0 ? 20min : 1h;
  }
  EXPECT_NE(failures("b@example.org").password_closed_at, Timestamp{});
}

TEST_P(Lockout, TheHundredthMayBeTheRightOne) {
  const UserId user = member(owner);
  database.run_now(set_failures, std::int64_t{99}, owner);
  EXPECT_TRUE(owner_gets_in("198.51.100.1"));
  EXPECT_EQ(failures().failed_sign_ins, 0);
  EXPECT_EQ(failures().password_closed_at, Timestamp{});
  EXPECT_EQ(devices(user).size(), 2U) << "and is known from now on";
  EXPECT_EQ(notices(), 0);
}

TEST_P(Lockout, L11_OfFortyAtOnceOneIsTheHundredthAndOneMailIsSent) {
  member(owner);
  for (const int limit : {10, 100}) {
    settings.limits.login_failures = limit;
    database.run_now(set_failures, std::int64_t{99}, owner);
    int looked_at = 0;
    int answered = 0;
    auto ask = [&](int i) -> Task<void> {
      Origin by = origin();
      by.address = "198.51.100." + std::to_string(i);
      LoginInput input{.email = owner, .password = Secret("a wrong one")};
      const auto answer = co_await features::password::log_in(services, std::move(by), std::move(input));
      looked_at += answer.error().code == ErrorCode::invalid_credentials ? 1 : 0;
      ++answered;
    };
    // As many as the hashing queue takes.
    for (int i = 0; i < 14; ++i) asio::co_spawn(io, ask(i), asio::detached);
    io.restart();
    while (answered < 14 && io.run_one() > 0) continue;
    EXPECT_EQ(looked_at, 1) << limit;
    EXPECT_EQ(failures().failed_sign_ins, 100);
    EXPECT_NE(failures().password_closed_at, Timestamp{});
    EXPECT_EQ(notices(), 1);
    recover("198.51.100.99", right);
    for (const auto& mail : waiting_mails()) database.run_now(store::mails::current.delete_mail, mail.id);
  }
}

TEST_P(Lockout, ANewPasswordWhileTheHundredthIsJudgedIsNotClosed) {
  member(owner);
  const auto contact = database.run_now(users::find_contact, owner).value();
  signin::Attempt attempt;
  attempt.account = database.run_now(users::find_credentials, owner);
  attempt.number = signin::last_attempt;  // as it was counted
  const Origin by = origin();
  auto fail = [&](db::Tx& tx) { signin::close_after_failure(tx, services, by, attempt); };
  database.write_now(fail);
  EXPECT_EQ(failures().password_closed_at, Timestamp{}) << "the failures were forgotten meanwhile";
  EXPECT_EQ(notices(), 0);
  database.run_now(set_failures, std::int64_t{100}, owner);
  for (int i = 0; i < 2; ++i) database.write_now(fail);
  EXPECT_NE(failures().password_closed_at, Timestamp{});
  EXPECT_EQ(notices(), 1);
}

TEST_P(Lockout, WhoeverIsNotConfirmedOrBlockedGetsNoMail) {
  sign_up(owner).value();
  const UserId blocked = member("b@example.org");
  const Origin by = origin();
  auto block = [&](db::Tx& tx) { return accounts::set_access(tx, by, blocked, accounts::Access::blocked); };
  ASSERT_TRUE(database.write_now(block).has_value());
  for (const std::string email : {"a@example.org", "b@example.org"}) {
    database.run_now(set_failures, std::int64_t{99}, email);
    EXPECT_FALSE(guess(email).has_value());
    EXPECT_NE(failures(email).password_closed_at, Timestamp{});
  }
  EXPECT_EQ(notices(), 0);
}

TEST_P(Lockout, WhatAProgramBeforeCountedBeyondAHundredGetsOneMoreGuessAndTheMail) {
  member(owner);
  database.run_now(set_failures, std::int64_t{5000}, owner);
  EXPECT_FALSE(guess().has_value());
  EXPECT_TRUE(guess().has_value());
  EXPECT_NE(failures().password_closed_at, Timestamp{});
  EXPECT_EQ(notices(), 1);
}

TEST_P(Lockout, L21_F47_MalformedAddressesShareNoCount) {
  for (int i = 0; i < 15; ++i) {
    EXPECT_EQ(log_in("mistyped " + std::to_string(i)).error().code, ErrorCode::invalid_credentials);
    EXPECT_EQ(log_in(std::string(i, '@')).error().code, ErrorCode::invalid_credentials);
  }
  for (int i = 0; i < 9; ++i) log_in("mistyped 0").error();
  EXPECT_EQ(log_in("mistyped 0").error().code, ErrorCode::too_many_attempts)
      << "each has its own, as any other";
  EXPECT_EQ(log_in("mistyped 1").error().code, ErrorCode::invalid_credentials);
}

}  // namespace
}  // namespace latchkey::flow
