// The policy that demands a factor of administrators: a sign-in without one sets it up, and does nothing
// else.

#include "features/factor_removal/removal.h"
#include "features/passkeys/enrol_at_sign_in.h"
#include "features/password_change/choose.h"
#include "features/totp/enrol_at_sign_in.h"
#include "flow/accounts/factors.h"
#include "flow/factors_world.h"
#include "flow/signin/recent_proof.h"
#include "store/factors.h"
#include "store/passkeys.h"
#include "store/sessions.h"
#include "unit/crypto/webauthn/authenticator.h"

namespace latchkey::flow {
namespace {

class Enrolment : public FactorsWorld {
 protected:
  using Authenticator = crypto::webauthn::test::Authenticator;
  static constexpr db::Statement<db::Affected, UserId> demand_new_password{
      "UPDATE users SET must_change_password = TRUE WHERE id = $1"};

  Enrolment() { settings.admin.second_factor = settings::SecondFactor::required; }

  store::users::Credentials account() {
    return database.run_now(store::users::find_credentials, "a@example.org").value();
  }
  /// An administrator without a factor.
  UserId administrator() {
    const UserId id = member("a@example.org");
    database.run_now(store::users::update_role, Role::admin, now, id);
    mine.user = id;
    mine.subject = account().subject;
    return id;
  }
  /// What a right password is answered with.
  std::string enrolment_token() {
    const auto refused = log_in("a@example.org");
    EXPECT_EQ(refused.error().code, ErrorCode::factor_enrolment_required);
    return refused.error().step->login_token;
  }
  Result<features::totp::Begun> begin_app(const std::string& token) {
    auto begun = wait(features::totp::begin_at_sign_in(services, origin(), token));
    if (begun.has_value()) secret = from_base32(begun->secret.text());
    return begun;
  }
  Result<signin::Enrolled> confirm_app(const std::string& token, const std::string& enrolment,
                                       const std::string& text) {
    return wait(features::totp::confirm_at_sign_in(services, origin(), token, enrolment, text));
  }
  features::passkeys::NewPasskey new_passkey(const std::string& token, bool verifies = true) {
    const auto made = wait(features::passkeys::options_at_sign_in(services, origin(), token)).value();
    authenticator.rp_id = "localhost";
    authenticator.origin = "http://localhost:8080";
    authenticator.challenge.assign(made.options.challenge.begin(), made.options.challenge.end());
    const int flags =
        Authenticator::present | Authenticator::with_credential | (verifies ? Authenticator::verified : 0);
    const Bytes data = authenticator.data(static_cast<std::uint8_t>(flags));
    return {.name = "Passkey",
            .id = authenticator.id,
            .client_data_json = authenticator.client_data("webauthn.create"),
            .attestation_object = Authenticator::object("none", Bytes{0xa0}, data),
            .transports = {}};
  }
  Result<signin::Enrolled> add(const std::string& token, features::passkeys::NewPasskey made) {
    return wait(features::passkeys::add_at_sign_in(services, origin(), token, std::move(made)));
  }
  std::int64_t passkeys() { return database.run_now(store::passkeys::count_passkeys, mine.user).value(); }
  bool has_app() { return database.run_now(store::totp::find_totp, mine.user).has_value(); }
  /// What the session of these tokens was opened by.
  signin::Done methods_of(const sessions::TokenPair& tokens) {
    const auto caller = wait(sessions::authenticate(services, now, tokens.access_token)).value();
    return signin::Done::from_bits(database.run_now(store::sessions::find_proved, caller.session)->methods);
  }

  Authenticator authenticator;
};

LATCHKEY_ON_EVERY_DATABASE(Enrolment);

TEST_P(Enrolment, FA26_AnAdministratorSetsUpAnAppAndIsSignedIn) {
  const UserId id = administrator();
  const auto before = account();
  const auto refused = log_in("a@example.org");
  ASSERT_EQ(refused.error().code, ErrorCode::factor_enrolment_required);
  EXPECT_EQ(refused.error().step->methods, (std::vector<std::string_view>{"totp", "passkey"}));
  const std::string token = refused.error().step->login_token;
  const auto begun = begin_app(token).value();
  EXPECT_EQ(confirm_app(token, begun.enrolment, wrong_code()).error().code, ErrorCode::invalid_code);
  EXPECT_EQ(confirm_app(token, begun.enrolment + "A", code()).error().code, ErrorCode::invalid_code);
  EXPECT_EQ(account().security_version, before.security_version);
  EXPECT_EQ(account().password_hash, before.password_hash);
  EXPECT_FALSE(has_app());
  EXPECT_EQ(sessions_open(), 0);

  const auto enrolled = confirm_app(token, begun.enrolment, code());
  ASSERT_TRUE(enrolled.has_value());
  EXPECT_EQ(enrolled->recovery_codes.size(), 10U);
  EXPECT_EQ(sessions_open(), 1);
  EXPECT_EQ(mails("factor_added"), 1);
  EXPECT_EQ(methods_of(enrolled->tokens),
            signin::Done().with(signin::Proof::password).with(signin::Proof::totp));
  const auto caller = wait(sessions::authenticate(services, now, enrolled->tokens.access_token)).value();
  EXPECT_TRUE(wait(signin::require_recent_proof(services, now, caller.session)).has_value());
  EXPECT_EQ(confirm_app(token, begun.enrolment, code(1)).error().code, ErrorCode::invalid_login_token);

  mine.user = id;
  EXPECT_EQ(log_in_totp(login_token("a@example.org"), code()).error().code, ErrorCode::invalid_code)
      << "the code is used up";
  EXPECT_TRUE(log_in_recovery(login_token("a@example.org"), enrolled->recovery_codes[3]).has_value());
}

TEST_P(Enrolment, FA26_AnAdministratorMakesAPasskeyAndIsSignedIn) {
  administrator();
  for (const bool verifies : {false, true}) {
    const std::string token = enrolment_token();
    auto wrong = new_passkey(token, verifies);
    wrong.client_data_json = authenticator.client_data("webauthn.get");
    EXPECT_EQ(add(token, wrong).error().code, ErrorCode::invalid_passkey);
    EXPECT_EQ(passkeys(), 0);
    const auto made = new_passkey(token, verifies);
    const auto enrolled = add(token, made);
    ASSERT_TRUE(enrolled.has_value());
    EXPECT_EQ(enrolled->recovery_codes.size(), 10U);
    EXPECT_EQ(passkeys(), 1);
    const auto done = methods_of(enrolled->tokens);
    EXPECT_TRUE(done.has(signin::Proof::password) && done.has(signin::Proof::passkey));
    EXPECT_EQ(done.has(signin::Proof::user_verified), verifies);
    EXPECT_EQ(log_in("a@example.org").error().code, ErrorCode::second_factor_required);
    const Origin by = origin();
    auto remove = [&](db::Tx& tx) { return accounts::remove_passkeys(tx, services, by, mine.user); };
    ASSERT_TRUE(database.write_now(remove).has_value());
  }
}

TEST_P(Enrolment, FA26_NobodyElseIsAskedAndOpenSessionsGoOn) {
  member("u@example.org");
  EXPECT_TRUE(log_in("u@example.org").has_value());
  settings.admin.second_factor = settings::SecondFactor::optional;
  administrator();
  const auto tokens = log_in("a@example.org").value();
  settings.admin.second_factor = settings::SecondFactor::required;
  EXPECT_TRUE(wait(sessions::authenticate(services, now, tokens.access_token)).has_value());
  now += std::chrono::seconds(60);
  EXPECT_TRUE(refresh(tokens.refresh_token).has_value());
  enrolment_token();
  database.run_now(store::users::update_role, Role::moderator, now, mine.user);
  EXPECT_TRUE(log_in("a@example.org").has_value());
}

TEST_P(Enrolment, FA26_WithoutANameThereAreNoPasskeysToOffer) {
  administrator();
  services.public_url = "http://127.0.0.1:8080";
  const auto refused = log_in("a@example.org");
  EXPECT_EQ(refused.error().step->methods, (std::vector<std::string_view>{"totp"}));
  EXPECT_EQ(
      wait(features::passkeys::options_at_sign_in(services, origin(), refused.error().step->login_token))
          .error()
          .code,
      ErrorCode::passkeys_unavailable);
}

TEST_P(Enrolment, FA26_TheTokenOpensEnrolmentAndNothingElse) {
  administrator();
  const std::string token = enrolment_token();
  const auto version = account().security_version;
  secret = Secret("01234567890123456789");
  EXPECT_EQ(log_in_totp(token, code()).error().code, ErrorCode::factor_not_found);
  EXPECT_EQ(log_in_recovery(token, "7k3m-x9qd-0v2r-hb5t").error().code, ErrorCode::invalid_code);
  const auto chosen = wait(features::password_change::choose_password(services, origin(), token,
                                                                      Secret("another rather long one"), ""));
  EXPECT_EQ(chosen.error().code, ErrorCode::factor_enrolment_required);
  const auto lost = wait(features::factor_removal::ask_for_removal(services, origin(), token, ""));
  EXPECT_EQ(lost.error().code, ErrorCode::invalid_login_token);
  EXPECT_EQ(account().security_version, version);
  EXPECT_EQ(sessions_open(), 0);
  EXPECT_TRUE(begin_app(token).has_value());
}

TEST_P(Enrolment, FA07_FA26_NoOtherSignInOpensEnrolment) {
  administrator();
  const std::string early = enrolment_token();
  const auto begun = begin_app(early).value();
  ASSERT_TRUE(confirm_app(early, begun.enrolment, code()).has_value());
  now += std::chrono::seconds(30);
  // CVE-2025-64103: adding a factor in place of proving the one that is there.
  const std::string token = login_token("a@example.org");
  const auto version = account().security_version;
  EXPECT_EQ(begin_app(token).error().code, ErrorCode::second_factor_required);
  EXPECT_EQ(confirm_app(token, begun.enrolment, code()).error().code, ErrorCode::second_factor_required);
  EXPECT_EQ(wait(features::passkeys::options_at_sign_in(services, origin(), token)).error().code,
            ErrorCode::second_factor_required);
  EXPECT_EQ(begin_app("").error().code, ErrorCode::invalid_login_token);
  EXPECT_EQ(account().security_version, version);

  // Any change of the account voids what is under way.
  const Origin by = origin();
  auto remove = [&](db::Tx& tx) { return accounts::remove_totp(tx, services, by, mine.user); };
  ASSERT_TRUE(database.write_now(remove).has_value());
  const std::string outdated = enrolment_token();
  const auto again = begin_app(outdated).value();
  database.run_now(store::users::update_role, Role::admin, now, mine.user);
  EXPECT_EQ(confirm_app(outdated, again.enrolment, code()).error().code, ErrorCode::invalid_login_token);
  const std::string newer = enrolment_token();
  EXPECT_EQ(confirm_app(newer, again.enrolment, code()).error().code, ErrorCode::invalid_code)
      << "begun before the change";
  now += signin::login_token_ttl;
  EXPECT_EQ(begin_app(newer).error().code, ErrorCode::invalid_login_token);
  EXPECT_FALSE(has_app());
}

TEST_P(Enrolment, FA26_D01_OfManyAtOnceOneEnrols) {
  administrator();
  const std::string token = enrolment_token();
  const auto begun = begin_app(token).value();
  const auto made = new_passkey(token);
  const std::string text = code();
  const auto outcomes = at_once<signin::Enrolled>(40, [&](int i) -> Task<Result<signin::Enrolled>> {
    if (i % 2 == 0) return features::passkeys::add_at_sign_in(services, origin(), token, made);
    return features::totp::confirm_at_sign_in(services, origin(), token, begun.enrolment, text);
  });
  EXPECT_EQ(outcomes.at("ok"), 1);
  EXPECT_EQ(outcomes.at("invalid_login_token"), 39);
  EXPECT_EQ(codes_left(), 10);
  EXPECT_EQ(passkeys() + (has_app() ? 1 : 0), 1);
  EXPECT_EQ(sessions_open(), 1);
  EXPECT_EQ(mails("factor_added"), 1);
}

TEST_P(Enrolment, FA26_AStepThatComesBehindCarriesTheRecoveryCodes) {
  const UserId id = administrator();
  auto demand = [&](db::Tx& tx) {
    tx.run(demand_new_password, id);
    tx.run(store::factors::update_mark, id);
  };
  database.write_now(demand);
  const std::string token = enrolment_token();
  const auto begun = begin_app(token).value();
  const auto refused = confirm_app(token, begun.enrolment, code());
  ASSERT_EQ(refused.error().code, ErrorCode::new_password_required);
  EXPECT_EQ(refused.error().step->recovery_codes.size(), 10U);
  EXPECT_EQ(codes_left(), 10);
  EXPECT_TRUE(has_app());
  EXPECT_EQ(sessions_open(), 0);
  const auto signed_in = wait(features::password_change::choose_password(
      services, origin(), refused.error().step->login_token, Secret("another rather long one"), ""));
  EXPECT_TRUE(signed_in.has_value());
  EXPECT_EQ(sessions_open(), 1);
}

}  // namespace
}  // namespace latchkey::flow
