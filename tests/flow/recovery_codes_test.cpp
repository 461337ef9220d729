// Recovery codes: the way in without the second factor.

#include "flow/signin/recovery_codes.h"
#include "flow/factors_world.h"

namespace latchkey::flow {
namespace {

class RecoveryCodes : public FactorsWorld {
 protected:
  Result<std::vector<std::string>> renew() {
    const sessions::Asker asker{.user = mine.user, .session = mine.session};
    return wait(features::recovery_codes::renew(services, origin(), asker));
  }
};

LATCHKEY_ON_EVERY_DATABASE(RecoveryCodes);

TEST_P(RecoveryCodes, FA08_ACodeIsGoodOnceHoweverItIsTypedAndTheOwnerIsTold) {
  const auto codes = member_with_app("a@example.org");
  std::string typed;
  for (const char c : codes[0]) typed += c == '-' ? ' ' : static_cast<char>(std::toupper(c));
  EXPECT_TRUE(log_in_recovery(login_token("a@example.org"), typed).has_value());
  EXPECT_EQ(codes_left(), 9);
  EXPECT_EQ(mails("recovery_code_used"), 1);
  EXPECT_EQ(log_in_recovery(login_token("a@example.org"), codes[0]).error().code, ErrorCode::invalid_code);
  EXPECT_EQ(mails("recovery_code_used"), 1);
  EXPECT_TRUE(log_in_recovery(login_token("a@example.org"), codes[1]).has_value());
}

TEST_P(RecoveryCodes, FA08_ALoginTokenHasFiveTriesWhichTheAppDoesNotShare) {
  const auto codes = member_with_app("a@example.org");
  const auto token = login_token("a@example.org");
  EXPECT_EQ(log_in_recovery(token, "no code at all").error().code, ErrorCode::invalid_code);
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(log_in_recovery(token, "0000-0000-0000-0000").error().code, ErrorCode::invalid_code);
  EXPECT_EQ(log_in_recovery(token, codes[0]).error().code, ErrorCode::too_many_attempts);
  EXPECT_EQ(codes_left(), 10);
  EXPECT_EQ(failed_factors(), 0);
  EXPECT_TRUE(log_in_totp(token, code()).has_value());
  EXPECT_TRUE(log_in_recovery(login_token("a@example.org"), codes[0]).has_value());
}

TEST_P(RecoveryCodes, FA08_D01_OfManyAtOnceWithOneCodeOneSignsIn) {
  const auto codes = member_with_app("a@example.org");
  const auto before = sessions_open();
  std::vector<std::string> tokens;
  for (int i = 0; i < 40; ++i) tokens.push_back(login_token("a@example.org"));
  const auto outcomes = at_once<sessions::TokenPair>(40, [&](int i) {
    return features::recovery_codes::log_in(services, origin(), tokens[i], Secret(codes[3]));
  });
  EXPECT_EQ(outcomes.at("ok"), 1);
  EXPECT_EQ(outcomes.at("invalid_code"), 39);
  EXPECT_EQ(sessions_open(), before + 1);
  EXPECT_EQ(codes_left(), 9);
  EXPECT_EQ(mails("recovery_code_used"), 1);
}

TEST_P(RecoveryCodes, FA08_GuessesAtOnceWithOneTokenHaveFiveTries) {
  member_with_app("a@example.org");
  const auto token = login_token("a@example.org");
  const auto outcomes = at_once<sessions::TokenPair>(40, [&](int) {
    return features::recovery_codes::log_in(services, origin(), token, Secret("0000-0000-0000-0000"));
  });
  EXPECT_EQ(outcomes.at("invalid_code"), 5);
  EXPECT_EQ(outcomes.at("too_many_attempts"), 35);
}

TEST_P(RecoveryCodes, FA08_ACodeIsOneOfItsAccountOnly) {
  const auto codes = member_with_app("a@example.org");
  member_with_app("b@example.org");
  EXPECT_EQ(log_in_recovery(login_token("b@example.org"), codes[0]).error().code, ErrorCode::invalid_code);
}

TEST_P(RecoveryCodes, NewOnesVoidTheEarlierOnes) {
  const auto codes = member_with_app("a@example.org");
  const auto pending = login_token("a@example.org");
  const auto renewed = renew().value();
  EXPECT_EQ(renewed.size(), 10U);
  EXPECT_EQ(codes_left(), 10);
  EXPECT_EQ(mails("recovery_codes_made"), 1);
  EXPECT_EQ(log_in_recovery(pending, renewed[0]).error().code, ErrorCode::invalid_login_token);
  const auto token = login_token("a@example.org");
  EXPECT_EQ(log_in_recovery(token, codes[0]).error().code, ErrorCode::invalid_code);
  EXPECT_TRUE(log_in_recovery(token, renewed[0]).has_value());
}

TEST_P(RecoveryCodes, AnAccountWithoutAFactorHasNone) {
  member("a@example.org");
  mine = own("a@example.org");
  EXPECT_EQ(renew().error().code, ErrorCode::factor_not_found);
  EXPECT_EQ(codes_left(), 0);
  EXPECT_TRUE(log_in("a@example.org").has_value());
}

TEST(RecoveryCodeText, FA08_HasEightyBitsInFourGroupsWithoutLookalikes) {
  for (int i = 0; i < 200; ++i) {
    const Secret code = signin::make_recovery_code();
    ASSERT_EQ(code.size(), 19U);
    EXPECT_EQ(code.text().find_first_of("ilouILOU"), std::string_view::npos);
    for (const int hyphen : {4, 9, 14}) EXPECT_EQ(code.text()[hyphen], '-');
    EXPECT_TRUE(signin::read_recovery_code(code.text()).has_value());
  }
}

TEST(RecoveryCodeText, IsReadAsPeopleTypeIt) {
  const auto read = signin::read_recovery_code("o0il-1abc-defg-hjkm");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->text(), "00111abcdefghjkm");
  for (const auto* text : {"", "o0il-1abc-defg-hjk", "o0il-1abc-defg-hjkmn", "u0il-1abc-defg-hjkm", "ä"})
    EXPECT_FALSE(signin::read_recovery_code(text).has_value()) << text;
}

}  // namespace
}  // namespace latchkey::flow
