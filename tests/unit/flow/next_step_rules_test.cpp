#include <gtest/gtest.h>

#include "flow/signin/next_step.h"

/// The rules of the dispatcher that no table of chosen states can show: what holds in every state.
namespace latchkey::flow::signin {
namespace {

using Kind = Step::Kind;

template <class Check>
void for_each_state(Check check) {
  for (unsigned bits = 0; bits < 512; ++bits) {
    const AccountState account{.is_active = (bits & 1) != 0,
                               .confirmed = (bits & 2) != 0,
                               .has_password = (bits & 4) != 0,
                               .has_totp = (bits & 8) != 0,
                               .has_passkey = (bits & 16) != 0,
                               .has_recovery_codes = (bits & 32) != 0,
                               .must_change_password = (bits & 64) != 0,
                               .deletion_scheduled = (bits & 128) != 0};
    const Policy policy{.confirmation_required = (bits & 256) != 0, .factor_required = false};
    for (std::int64_t done = 0; done < 64; ++done) check(account, Done::from_bits(done), policy);
  }
}

TEST(NextStepRules, NothingShowsBeforeSomethingIsProved) {
  for_each_state([](const AccountState& account, Done done, const Policy& policy) {
    EXPECT_EQ(next_step(account, done, policy).kind == Kind::identify, done.nothing());
  });
}

TEST(NextStepRules, ABlockedAccountIsRefusedWhateverIsProved) {
  for_each_state([](const AccountState& account, Done done, const Policy& policy) {
    if (account.is_active || done.nothing()) return;
    const Step step = next_step(account, done, policy);
    EXPECT_EQ(step.kind, Kind::refuse);
    EXPECT_EQ(step.refusal, ErrorCode::account_blocked);
  });
}

TEST(NextStepRules, F07_NoWayLeadsPastAFactorWithoutOne) {
  for_each_state([](const AccountState& account, Done done, const Policy& policy) {
    const bool has_factor = account.has_totp || account.has_passkey;
    if (!has_factor || done.has_factor() || done.has(Proof::user_verified)) return;
    const auto kind = next_step(account, done, policy).kind;
    EXPECT_TRUE(kind == Kind::identify || kind == Kind::refuse || kind == Kind::second_factor);
  });
}

TEST(NextStepRules, AMailedCodeIsNoSecondFactor) {
  const AccountState account{.is_active = true, .confirmed = true, .has_totp = true};
  const Done both = Done().with(Proof::password).with(Proof::mail_code);
  EXPECT_EQ(next_step(account, both, {}).kind, Kind::second_factor);
}

TEST(NextStepRules, OneFactorAloneIsNotEnough) {
  const AccountState account{.is_active = true, .confirmed = true, .has_totp = true, .has_passkey = true};
  for (const Proof one : {Proof::totp, Proof::recovery_code, Proof::passkey})
    EXPECT_EQ(next_step(account, Done().with(one), {}).kind, Kind::password);
  for (const Proof other : {Proof::password, Proof::mail_code})
    EXPECT_EQ(next_step(account, Done().with(Proof::totp).with(other), {}).kind, Kind::done);
  const Done verified = Done().with(Proof::passkey).with(Proof::user_verified);
  EXPECT_EQ(next_step(account, verified, {}).kind, Kind::done);
}

TEST(NextStepRules, AMailedCodeProvesTheAddress) {
  const AccountState account{.is_active = true, .confirmed = false};
  EXPECT_EQ(next_step(account, Done().with(Proof::password), {}).refusal, ErrorCode::email_not_confirmed);
  EXPECT_EQ(next_step(account, Done().with(Proof::mail_code), {}).kind, Kind::done);
}

TEST(NextStepRules, WhatIsLeftComesInOrder) {
  AccountState account{
      .is_active = true, .confirmed = true, .must_change_password = true, .deletion_scheduled = true};
  const Done password = Done().with(Proof::password);
  EXPECT_EQ(next_step(account, password, {.factor_required = true}).kind, Kind::enrol_factor);
  EXPECT_EQ(next_step(account, password, {}).kind, Kind::new_password);
  account.must_change_password = false;
  EXPECT_EQ(next_step(account, password, {}).kind, Kind::keep_account);
  account.deletion_scheduled = false;
  EXPECT_EQ(next_step(account, password, {}).kind, Kind::done);
  account.has_totp = true;
  const Done both = password.with(Proof::totp);
  EXPECT_EQ(next_step(account, both, {.factor_required = true}).kind, Kind::done);
}

TEST(NextStepRules, MethodsAreThoseThatTheAccountHas) {
  using Methods = std::vector<std::string_view>;
  const AccountState all{.has_totp = true, .has_passkey = true, .has_recovery_codes = true};
  EXPECT_EQ(methods_of(Kind::second_factor, all), (Methods{"totp", "passkey", "recovery_code"}));
  EXPECT_EQ(methods_of(Kind::second_factor, {.has_passkey = true}), (Methods{"passkey"}));
  EXPECT_EQ(methods_of(Kind::password, {.has_password = false}), (Methods{"code"}));
}

}  // namespace
}  // namespace latchkey::flow::signin
