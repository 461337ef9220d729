// An authenticator app as a second factor: setting it up, signing in with it, and how wrong codes are
// counted.

#include "flow/accounts/accounts.h"
#include "flow/factors_world.h"
#include "flow/signin/factor_attempts.h"
#include "flow/signin/recent_proof.h"

namespace latchkey::flow {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class Totp : public FactorsWorld {
 protected:
  using OtherSessions = features::totp::OtherSessions;
  static constexpr db::Statement<db::Affected, std::int64_t, UserId> set_failed_factors{
      "UPDATE users SET failed_factors = $1 WHERE id = $2"};
  static constexpr db::Statement<db::Affected, std::string, UserId> set_hash{
      "UPDATE users SET password_hash = $1 WHERE id = $2"};

  Result<> is_recent() { return wait(signin::require_recent_proof(services, now, mine.session)); }
};

LATCHKEY_ON_EVERY_DATABASE(Totp);

TEST_P(Totp, FA04_IsActiveOnlyAfterARightCode) {
  member("a@example.org");
  mine = own("a@example.org");
  const auto begun = begin(mine).value();
  secret = from_base32(begun.secret.text());
  EXPECT_EQ(secret.size(), 20U) << "160 bits";
  EXPECT_EQ(confirm(mine, begun.enrolment, wrong_code()).error().code, ErrorCode::invalid_code);
  EXPECT_FALSE(database.run_now(store::totp::find_totp, mine.user).has_value());
  EXPECT_TRUE(log_in("a@example.org").has_value()) << "nothing has changed";

  const auto confirmed = confirm(mine, begun.enrolment, code());
  ASSERT_TRUE(confirmed.has_value());
  EXPECT_EQ(confirmed->recovery_codes->size(), 10U);
  const auto stored = database.run_now(store::totp::find_totp, mine.user).value();
  EXPECT_EQ(view_text(stored.sealed_secret).find(secret.text()), std::string_view::npos);
  EXPECT_EQ(mails("factor_added"), 1);
  const auto refused = log_in("a@example.org");
  EXPECT_EQ(refused.error().code, ErrorCode::second_factor_required);
  EXPECT_EQ(refused.error().step->methods, (std::vector<std::string_view>{"totp", "recovery_code"}));
}

TEST_P(Totp, FA04_ASetUpIsForOneAccountForTenMinutesAndForNoOtherChangeOfIt) {
  member("a@example.org");
  member("b@example.org");
  mine = own("a@example.org");
  const auto begun = begin(mine).value();
  secret = from_base32(begun.secret.text());
  const auto other = own("b@example.org");
  EXPECT_EQ(confirm(other, begun.enrolment, code()).error().code, ErrorCode::invalid_code);
  std::string changed = begun.enrolment;
  changed[30] = changed[30] == 'A' ? 'B' : 'A';
  EXPECT_EQ(confirm(mine, changed, code()).error().code, ErrorCode::invalid_code);
  EXPECT_EQ(confirm(mine, "", code()).error().code, ErrorCode::invalid_code);
  now += minutes(10);
  EXPECT_EQ(confirm(mine, begun.enrolment, code()).error().code, ErrorCode::invalid_code);
  now -= seconds(1);
  database.run_now(store::users::update_role, Role::moderator, now, mine.user);
  EXPECT_EQ(confirm(mine, begun.enrolment, code()).error().code, ErrorCode::invalid_code);
  EXPECT_FALSE(database.run_now(store::totp::find_totp, mine.user).has_value());
}

TEST_P(Totp, FA05_ASetUpThatIsGivenUpLeavesTheAppThatIsThere) {
  member_with_app("a@example.org");
  const auto before = database.run_now(store::totp::find_totp, mine.user).value();
  ASSERT_TRUE(begin(mine).has_value());
  EXPECT_EQ(database.run_now(store::totp::find_totp, mine.user)->id, before.id);
  EXPECT_TRUE(log_in_totp(login_token("a@example.org"), code()).has_value());
}

TEST_P(Totp, AnotherAppReplacesTheFirstAndMakesNoNewCodes) {
  const auto codes = member_with_app("a@example.org");
  const auto former = secret.copy();
  EXPECT_TRUE(enrol(mine).empty()) << "the codes stay good";
  EXPECT_EQ(codes_left(), 10);
  const auto token = login_token("a@example.org");
  EXPECT_EQ(log_in_totp(token, crypto::totp_code(former, crypto::totp_step(now))).error().code,
            ErrorCode::invalid_code);
  EXPECT_TRUE(log_in_totp(token, code()).has_value());
}

TEST_P(Totp, FA01_ACodeIsGoodOnceAlsoTheOneThatConfirmedAndTheOneOfTheStepBefore) {
  member("a@example.org");
  mine = own("a@example.org");
  const auto begun = begin(mine).value();
  secret = from_base32(begun.secret.text());
  ASSERT_TRUE(confirm(mine, begun.enrolment, code()).has_value());
  EXPECT_EQ(log_in_totp(login_token("a@example.org"), code()).error().code, ErrorCode::invalid_code);
  EXPECT_EQ(log_in_totp(login_token("a@example.org"), code(-1)).error().code, ErrorCode::invalid_code);
  now += seconds(60);
  EXPECT_TRUE(log_in_totp(login_token("a@example.org"), code()).has_value());
  for (const int step : {0, -1})
    EXPECT_EQ(log_in_totp(login_token("a@example.org"), code(step)).error().code, ErrorCode::invalid_code);
  EXPECT_TRUE(log_in_totp(login_token("a@example.org"), code(1)).has_value()) << "a clock that is ahead";
}

TEST_P(Totp, FA02_OnlyTheStepsNextToNowAreGood) {
  member_with_app("a@example.org");
  now += minutes(5);
  for (const int step : {-2, 2})
    EXPECT_EQ(log_in_totp(login_token("a@example.org"), code(step)).error().code, ErrorCode::invalid_code);
  for (const int step : {-1, 0, 1})
    EXPECT_TRUE(log_in_totp(login_token("a@example.org"), code(step)).has_value()) << step;
}

TEST_P(Totp, FA01_D01_OfManyAtOnceWithOneCodeOneSignsIn) {
  member_with_app("a@example.org");
  const auto before = sessions_open();
  std::vector<std::string> tokens;
  for (int i = 0; i < 40; ++i) tokens.push_back(login_token("a@example.org"));
  const std::string text = code();
  const auto outcomes = at_once<sessions::TokenPair>(
      40, [&](int i) { return features::totp::log_in(services, origin(), tokens[i], text); });
  EXPECT_EQ(outcomes.at("ok"), 1);
  EXPECT_EQ(sessions_open(), before + 1);
}

TEST_P(Totp, FA01_D01_OfManyAtOnceOneSetUpIsConfirmed) {
  member("a@example.org");
  mine = own("a@example.org");
  const auto begun = begin(mine).value();
  secret = from_base32(begun.secret.text());
  const std::string text = code();
  const auto outcomes = at_once<features::totp::Confirmed>(40, [&](int) {
    return features::totp::confirm(services, origin(), mine, begun.enrolment, text, OtherSessions::stay);
  });
  EXPECT_EQ(outcomes.at("ok"), 1);
  EXPECT_EQ(outcomes.at("invalid_code"), 39);
  EXPECT_EQ(codes_left(), 10);
  EXPECT_EQ(mails("factor_added"), 1);
}

TEST_P(Totp, FA03_WrongCodesLockTheAppByAccountWhateverElseIsNew) {
  member_with_app("a@example.org");
  for (int i = 0; i < 5; ++i) {
    // A new sign-in and another address start nothing anew, nor does a right password.
    address = "198.51.100." + std::to_string(i);
    EXPECT_EQ(log_in_totp(login_token("a@example.org"), wrong_code()).error().code, ErrorCode::invalid_code);
  }
  const auto token = login_token("a@example.org");
  const auto locked = log_in_totp(token, code());
  EXPECT_EQ(locked.error().code, ErrorCode::too_many_attempts) << "a right code is not looked at";
  EXPECT_EQ(locked.error().retry_after, seconds(60));
  EXPECT_EQ(failed_factors(), 5);
  now += seconds(60);
  EXPECT_EQ(log_in_totp(token, wrong_code()).error().code, ErrorCode::invalid_code);
  EXPECT_EQ(log_in_totp(token, code()).error().retry_after, seconds(120)) << "twice as long";
  now += seconds(120);
  EXPECT_TRUE(log_in_totp(token, code()).has_value());
  EXPECT_EQ(failed_factors(), 0);
}

TEST_P(Totp, FA03_GuessesAtOnceCanNotPassTheLimit) {
  member_with_app("a@example.org");
  std::vector<std::string> tokens;
  for (int i = 0; i < 60; ++i) tokens.push_back(login_token("a@example.org"));
  const std::string text = wrong_code();
  const auto outcomes = at_once<sessions::TokenPair>(
      60, [&](int i) { return features::totp::log_in(services, origin(), tokens[i], text); });
  EXPECT_EQ(outcomes.at("invalid_code"), 5);
  EXPECT_EQ(outcomes.at("too_many_attempts"), 55);
  EXPECT_EQ(failed_factors(), 5);
}

TEST_P(Totp, FA20_ALockOfTheAppShutsNoRecoveryCodeAndNoPassword) {
  const auto codes = member_with_app("a@example.org");
  for (int i = 0; i < 5; ++i) log_in_totp(login_token("a@example.org"), wrong_code());
  const auto token = login_token("a@example.org");
  EXPECT_EQ(log_in_totp(token, code()).error().code, ErrorCode::too_many_attempts);
  EXPECT_TRUE(log_in_recovery(token, codes[0]).has_value());
  EXPECT_EQ(failed_factors(), 5) << "a lock for a while is not taken back";
}

TEST_P(Totp, FA21_TheHundredthWrongCodeClosesTheAppUntilAnotherFactorIsRight) {
  const auto codes = member_with_app("a@example.org");
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(log_in_totp(login_token("a@example.org"), wrong_code()).error().code, ErrorCode::invalid_code);
    now += std::chrono::hours(1);
  }
  now += std::chrono::hours(24 * 30);
  EXPECT_EQ(log_in_totp(login_token("a@example.org"), code()).error().code, ErrorCode::too_many_attempts);
  EXPECT_EQ(failed_factors(), 100);
  EXPECT_EQ(mails("factor_closed"), 1) << "one, however often somebody tries";
  EXPECT_TRUE(log_in_recovery(login_token("a@example.org"), codes[0]).has_value());
  EXPECT_EQ(failed_factors(), 0);
  EXPECT_TRUE(log_in_totp(login_token("a@example.org"), code()).has_value());
}

TEST_P(Totp, FA21_D01_OfManyGuessesAtOnceOneClosesTheAppAndTellsTheOwner) {
  member_with_app("a@example.org");
  std::vector<std::string> tokens;
  for (int i = 0; i < 20; ++i) tokens.push_back(login_token("a@example.org"));
  database.run_now(set_failed_factors, std::int64_t{99}, mine.user);
  const std::string text = wrong_code();
  const auto outcomes = at_once<sessions::TokenPair>(
      20, [&](int i) { return features::totp::log_in(services, origin(), tokens[i], text); });
  EXPECT_EQ(outcomes.at("invalid_code"), 1);
  EXPECT_EQ(outcomes.at("too_many_attempts"), 19);
  EXPECT_EQ(mails("factor_closed"), 1);
}

TEST_P(Totp, FA21_ALastTryThatNobodyHasJudgedClosesTheAppWithTheNextOne) {
  member_with_app("a@example.org");
  database.run_now(set_failed_factors, std::int64_t{100}, mine.user);
  EXPECT_EQ(log_in_totp(login_token("a@example.org"), code()).error().code, ErrorCode::too_many_attempts);
  EXPECT_EQ(mails("factor_closed"), 1);
}

TEST_P(Totp, ARightPasswordIsHashedAnewThoughAFactorIsMissing) {
  member_with_app("a@example.org");
  // Of "correct horse"; from another program.
  const std::string imported = "steps:$2b$10$abcdefghijklmnopqrstuu23JPZtHcGhwXSF41f93o/7vBdDut3Xu";
  database.run_now(set_hash, imported, mine.user);
  const auto stored = [&] {
    return database.run_now(store::users::find_credentials_by_id, mine.user).value();
  };
  const auto version = stored().security_version;
  EXPECT_EQ(log_in("a@example.org", "wrong").error().code, ErrorCode::invalid_credentials);
  EXPECT_EQ(stored().password_hash, imported);
  const auto refused = log_in("a@example.org", "correct horse");
  ASSERT_EQ(refused.error().code, ErrorCode::second_factor_required);
  const auto renewed = stored().password_hash;
  EXPECT_EQ(renewed.substr(0, 16), "steps:$argon2id$");
  EXPECT_EQ(stored().security_version, version) << "nothing that is under way is voided";
  EXPECT_TRUE(log_in_totp(refused.error().step->login_token, code()).has_value());
  EXPECT_EQ(log_in("a@example.org", "correct horse").error().code, ErrorCode::second_factor_required);
  EXPECT_EQ(stored().password_hash, renewed) << "once";
  ASSERT_TRUE(wait(features::totp::remove(services, origin(), mine, OtherSessions::stay)).has_value());
  EXPECT_EQ(stored().password_hash, renewed.substr(6));
  EXPECT_TRUE(log_in("a@example.org", "correct horse").has_value());
}

TEST_P(Totp, FA21_AnOperatorOpensAClosedApp) {
  member_with_app("a@example.org");
  for (int i = 0; i < 5; ++i) log_in_totp(login_token("a@example.org"), wrong_code());
  auto unlock = [&](db::Tx& tx) { return accounts::unlock(tx, origin(), mine.user); };
  ASSERT_TRUE(database.write_now(unlock).has_value());
  EXPECT_TRUE(log_in_totp(login_token("a@example.org"), code()).has_value());
}

TEST_P(Totp, FA07_ALoginTokenIsGoodOnceAndForTenMinutesAndForTheAccountAsItWas) {
  member_with_app("a@example.org");
  const auto open = sessions_open();
  const auto token = login_token("a@example.org");
  ASSERT_TRUE(log_in_totp(token, code()).has_value());
  now += seconds(30);
  EXPECT_EQ(log_in_totp(token, code()).error().code, ErrorCode::invalid_login_token);
  EXPECT_EQ(log_in_totp("", code()).error().code, ErrorCode::invalid_login_token);

  const auto expired = login_token("a@example.org");
  now += minutes(10);
  EXPECT_EQ(log_in_totp(expired, code()).error().code, ErrorCode::invalid_login_token);

  const auto moved = login_token("a@example.org");
  database.run_now(store::users::update_role, Role::moderator, now, mine.user);
  EXPECT_EQ(log_in_totp(moved, code()).error().code, ErrorCode::invalid_login_token);

  const auto blocked = login_token("a@example.org");
  database.run_now(store::users::update_is_active, false, now, mine.user);
  EXPECT_EQ(log_in_totp(blocked, code()).error().code, ErrorCode::account_blocked);
  EXPECT_EQ(sessions_open(), open + 1);
}

TEST_P(Totp, FA06_R16_WithoutTheAppThePasswordAloneSignsInAgain) {
  member_with_app("a@example.org");
  ASSERT_TRUE(log_in_totp(login_token("a@example.org"), code()).has_value());
  EXPECT_EQ(sessions_open(), 2);
  const auto pending = login_token("a@example.org");
  EXPECT_TRUE(wait(features::totp::remove(services, origin(), mine, OtherSessions::end)).has_value());
  EXPECT_EQ(sessions_open(), 1) << "the one that asked";
  EXPECT_EQ(mails("factor_removed"), 1);
  EXPECT_EQ(codes_left(), 0) << "nothing is left to recover";
  EXPECT_EQ(log_in_totp(pending, code()).error().code, ErrorCode::invalid_login_token);
  EXPECT_TRUE(log_in("a@example.org").has_value());
  EXPECT_EQ(wait(features::totp::remove(services, origin(), mine, OtherSessions::end)).error().code,
            ErrorCode::factor_not_found);
  EXPECT_EQ(mails("factor_removed"), 1);
}

TEST_P(Totp, R16_SettingUpAnAppEndsOtherSessionsWhereTheOwnerAsks) {
  member("a@example.org");
  mine = own("a@example.org");
  ASSERT_TRUE(log_in("a@example.org").has_value());
  auto begun = begin(mine).value();
  secret = from_base32(begun.secret.text());
  ASSERT_TRUE(confirm(mine, begun.enrolment, code()).has_value());
  EXPECT_EQ(sessions_open(), 2);
  begun = begin(mine).value();
  secret = from_base32(begun.secret.text());
  ASSERT_TRUE(confirm(mine, begun.enrolment, code(), OtherSessions::end).has_value());
  EXPECT_EQ(sessions_open(), 1);
}

TEST_P(Totp, FA06_TheSessionThatSetTheAppUpIsProvedByItAndOthersAreNot) {
  member("a@example.org");
  mine = own("a@example.org");
  const auto other = own("a@example.org");
  enrol(mine);
  EXPECT_TRUE(is_recent().has_value());
  mine = other;
  EXPECT_EQ(is_recent().error().code, ErrorCode::recent_sign_in_required);
}

TEST_P(Totp, ASealOfAnEarlierMasterSecretOpensAndIsMadeAnew) {
  member_with_app("a@example.org");
  std::vector<Secret> previous;
  previous.emplace_back("0123456789abcdef0123456789abcdef");
  keys::Keys renewed(database, Secret("fedcba9876543210fedcba9876543210"), std::move(previous));
  const auto before = database.run_now(store::totp::find_totp, mine.user)->sealed_secret;
  const auto sealed = keys::rekey(database, renewed, origin());
  EXPECT_EQ(sealed.authenticator_apps, 1);
  EXPECT_EQ(sealed.unreadable, 0);
  EXPECT_NE(database.run_now(store::totp::find_totp, mine.user)->sealed_secret, before);
  EXPECT_EQ(keys::rekey(database, renewed, origin()).authenticator_apps, 0) << "once is enough";
  keys::Keys alone(database, Secret("fedcba9876543210fedcba9876543210"), {});
  alone.reload();
  Services with_one = services_with(alone);
  const auto refused = wait(features::password::log_in(
      with_one, origin(), {.email = "a@example.org", .password = Secret("correct horse battery")}));
  const auto token = refused.error().step->login_token;
  EXPECT_TRUE(wait(features::totp::log_in(with_one, origin(), token, code())).has_value());
}

}  // namespace
}  // namespace latchkey::flow
