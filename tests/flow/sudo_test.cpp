// Proving once more to be there, for what a stolen token must not do.

#include "features/mail_code/ask.h"
#include "features/mail_code/mails.h"
#include "flow/factors_world.h"
#include "flow/signin/recent_proof.h"

namespace latchkey::flow {
namespace {

using features::sudo::ByMailCode;
using features::sudo::ByPassword;
using features::sudo::ByRecoveryCode;
using features::sudo::ByTotp;
using std::chrono::minutes;

class Sudo : public FactorsWorld {
 protected:
  ErrorCode recent() {
    const auto result = wait(signin::require_recent_proof(services, now, mine.session));
    return result.has_value() ? ErrorCode::not_found : result.error().code;
  }
  bool is_recent() { return recent() == ErrorCode::not_found; }
  /// Asks for a code by mail and answers what the mail says.
  ByMailCode mailed_code(const std::string& email) {
    now += minutes(2);
    const auto handle = wait(features::mail_code::ask_for_code(services, origin(), email, "")).value();
    std::string text;
    for (const auto& mail : waiting_mails()) {
      if (mail.recipient != email || mail.created_at != now || mail.message != "sign_in_code") continue;
      const auto links = features::mail_code::make_code(
          {.ring = keys.current()->ring(), .public_url = services.public_url, .settings = settings},
          {.id = mail.id,
           .recipient = mail.recipient,
           .parameters = mail::read_parameters(mail.parameters).value(),
           .created_at = mail.created_at,
           .now = now,
           .account = database.run_now(store::users::find_contact_by_id, mail.user_id)});
      text = mail::value_of(links.value().values, "code");
    }
    return {.handle = handle, .code = text};
  }
  Result<> by_password(const std::string& text = "correct horse battery") {
    return sudo(ByPassword{Secret(text)});
  }
};

LATCHKEY_ON_EVERY_DATABASE(Sudo);

constexpr db::Statement<std::optional<std::int64_t>> count_proofs{
    "SELECT count(*) FROM audit WHERE event = 'proved_again'"};

TEST_P(Sudo, WithoutAFactorThePasswordDoesForTenMinutes) {
  member("a@example.org");
  mine = own("a@example.org");
  EXPECT_TRUE(is_recent()) << "a sign-in is a proof";
  now += minutes(10);
  EXPECT_FALSE(is_recent());
  EXPECT_EQ(by_password("wrong").error().code, ErrorCode::invalid_credentials);
  EXPECT_FALSE(is_recent());
  EXPECT_TRUE(by_password().has_value());
  EXPECT_TRUE(is_recent());
  now += minutes(10);
  EXPECT_FALSE(is_recent());
}

TEST_P(Sudo, FA22_WrongPasswordsCountWithThoseOfSignIn) {
  member("a@example.org");
  mine = own("a@example.org");
  for (int i = 0; i < settings.limits.login_failures; ++i)
    EXPECT_EQ(by_password("wrong").error().code, ErrorCode::invalid_credentials);
  EXPECT_EQ(by_password().error().code, ErrorCode::too_many_attempts);
  EXPECT_EQ(log_in("a@example.org").error().code, ErrorCode::too_many_attempts);
  now += std::chrono::hours(1);
  EXPECT_TRUE(by_password().has_value());
  EXPECT_TRUE(log_in("a@example.org").has_value()) << "a right password starts anew";
}

TEST_P(Sudo, FA06_WithAFactorOnOnlyAFactorWillDo) {
  const auto codes = member_with_app("a@example.org");
  now += minutes(10);
  EXPECT_EQ(by_password().error().code, ErrorCode::recent_sign_in_required);
  EXPECT_EQ(by_password("wrong").error().code, ErrorCode::recent_sign_in_required)
      << "tells nothing of the password";
  EXPECT_FALSE(is_recent());
  EXPECT_EQ(sudo(ByTotp{wrong_code()}).error().code, ErrorCode::invalid_code);
  EXPECT_EQ(failed_factors(), 1);
  EXPECT_TRUE(sudo(ByTotp{code()}).has_value());
  EXPECT_TRUE(is_recent());
  EXPECT_EQ(failed_factors(), 0);
  EXPECT_EQ(sudo(ByTotp{code()}).error().code, ErrorCode::invalid_code) << "used";
  now += minutes(10);
  EXPECT_TRUE(sudo(ByRecoveryCode{Secret(codes[0])}).has_value());
  EXPECT_TRUE(is_recent());
  EXPECT_EQ(codes_left(), 9);
  EXPECT_EQ(mails("recovery_code_used"), 1);
  EXPECT_EQ(sudo(ByRecoveryCode{Secret(codes[0])}).error().code, ErrorCode::invalid_code);
}

TEST_P(Sudo, FA06_APasswordProvedBeforeTheFactorWasAddedIsNotEnoughAfterwards) {
  member("a@example.org");
  const auto stolen = own("a@example.org");
  mine = own("a@example.org");
  enrol(mine);
  mine = stolen;
  EXPECT_EQ(recent(), ErrorCode::recent_sign_in_required);
}

TEST_P(Sudo, FA08_RecoveryCodesHaveFiveTriesInTenMinutesOfASession) {
  const auto codes = member_with_app("a@example.org");
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(sudo(ByRecoveryCode{Secret("0000-0000-0000-0000")}).error().code, ErrorCode::invalid_code);
  EXPECT_EQ(sudo(ByRecoveryCode{Secret(codes[0])}).error().code, ErrorCode::too_many_attempts);
  now += minutes(10);
  EXPECT_TRUE(sudo(ByRecoveryCode{Secret(codes[0])}).has_value());
}

TEST_P(Sudo, FA01_D01_OfManyAtOnceWithOneCodeOneProves) {
  member_with_app("a@example.org");
  const std::string text = code();
  const features::sudo::Own whose{.subject = mine.subject, .session = mine.session};
  const auto outcomes =
      at_once<void>(40, [&](int) { return features::sudo::prove(services, origin(), whose, ByTotp{text}); });
  EXPECT_EQ(outcomes.at("ok"), 1);
}

TEST_P(Sudo, L54_ACodeOfAMailDoesOnceForItsOwnerWithoutAFactor) {
  member("a@example.org");
  member("b@example.org");
  mine = own("a@example.org");
  now += minutes(10);
  EXPECT_EQ(sudo(mailed_code("b@example.org")).error().code, ErrorCode::invalid_code);
  const auto typed = mailed_code("a@example.org");
  auto wrong = typed;
  wrong.code[0] = wrong.code[0] == '1' ? '2' : '1';
  EXPECT_EQ(sudo(wrong).error().code, ErrorCode::invalid_code);
  EXPECT_FALSE(is_recent());
  EXPECT_TRUE(sudo(typed).has_value());
  EXPECT_TRUE(is_recent());
  now += minutes(10);
  EXPECT_EQ(sudo(typed).error().code, ErrorCode::invalid_code) << "used";
  const auto late = mailed_code("a@example.org");
  settings.accounts.mail_sign_in = false;
  EXPECT_EQ(sudo(late).error().code, ErrorCode::forbidden);
  settings.accounts.mail_sign_in = true;
  enrol(own("a@example.org"));
  EXPECT_EQ(sudo(mailed_code("a@example.org")).error().code, ErrorCode::recent_sign_in_required);
  EXPECT_FALSE(is_recent());
}

TEST_P(Sudo, RL23_TextsThatCanBeNoRecoveryCodeLeaveFewEntries) {
  member_with_app("a@example.org");
  const auto before = database.run_now(count_proofs).value();
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(sudo(ByRecoveryCode{Secret("no code")}).error().code, ErrorCode::invalid_code);
  EXPECT_LE(database.run_now(count_proofs).value(), before + 1);
}

TEST_P(Sudo, ASessionThatHasEndedProvesNothing) {
  member("a@example.org");
  mine = own("a@example.org");
  database.run_now(store::sessions::delete_all);
  EXPECT_EQ(by_password().error().code, ErrorCode::invalid_token);
  EXPECT_EQ(sessions_open(), 0);
}

}  // namespace
}  // namespace latchkey::flow
