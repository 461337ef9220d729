// features/not_me: the link that every notice carries.

#include "features/recovery/ask.h"
#include "features/recovery/mails.h"
#include "features/recovery/reset.h"
#include "flow/accounts/accounts.h"
#include "flow/owner.h"
#include "flow/signin/progress.h"

namespace latchkey::flow {
namespace {

using namespace std::chrono_literals;

constexpr db::Statement<std::optional<std::int64_t>> count_spent_ids{"SELECT count(*) FROM spent"};

class NotMe : public OwnerWorld {
 protected:
  Result<> change(const sessions::Caller& caller, const std::string& to) {
    features::password_change::Change change{.current = std::nullopt,
                                             .password = Secret(std::string_view(to)),
                                             .others = features::password_change::OtherSessions::end,
                                             .language = ""};
    return wait(features::password_change::change_password(services, origin(), caller, std::move(change)));
  }
};
LATCHKEY_ON_EVERY_DATABASE(NotMe);

TEST_P(NotMe, C52TheLinkEndsWhatAThiefHasBegun) {
  const UserId id = member(mine);
  add_passkey(id, 1);
  now += 1h;
  auto work = [&](db::Tx& tx) {
    return flow::sessions::open_session(tx, settings, origin(), id, contact(id).subject, Role::user, 5);
  };
  const auto session = database.write_now(work);
  const auto pair = flow::sessions::make_token_pair(services, session, now);
  const auto thief = wait(flow::sessions::authenticate(services, now, pair.access_token)).value();
  ASSERT_TRUE(change(thief, "a password of the thief").has_value());
  const std::string token = not_me_token("password_replaced", mine);
  now += 1min;
  add_passkey(id, 2);  // raises the version: the link does not mind
  EXPECT_TRUE(wait(features::not_me::look_at_link(services, origin(), token)).has_value());
  EXPECT_EQ(sessions(id), 1) << "looking changes nothing";

  ASSERT_TRUE(not_me(token).has_value());
  EXPECT_EQ(sessions(id), 0);
  EXPECT_EQ(passkeys(id), 1);
  EXPECT_TRUE(steps(id).must_change_password);
  EXPECT_EQ(store::factors::without_mark(credentials(id).password_hash), "");
  EXPECT_EQ(code(log_in(mine, "a password of the thief")), ErrorCode::invalid_credentials);
  EXPECT_TRUE(mail("account_secured", mine).has_value());
  const auto version = contact(id).security_version;
  EXPECT_EQ(code(not_me(token)), ErrorCode::invalid_link);
  EXPECT_EQ(contact(id).security_version, version);
}

TEST_P(NotMe, C53OfAHundredAtOnceOneWinsAndItWorksForSevenDays) {
  const UserId id = member(mine);
  ASSERT_TRUE(change(signed_in(mine), "another good password").has_value());
  const std::string token = not_me_token("password_replaced", mine);
  now += 7 * 24h - 1s;
  const auto one = [&](int) -> Task<bool> {
    const auto done = co_await features::not_me::secure_account(services, origin(), token, "");
    co_return done.has_value();
  };
  EXPECT_EQ(race(100, one), 1);
  EXPECT_EQ(database.run_now(count_spent_ids), 1);
  EXPECT_TRUE(steps(id).must_change_password);
}

TEST_P(NotMe, AfterSevenDaysOrForABlockedAccountItIsRefusedAndNothingChanges) {
  const UserId id = member(mine);
  ASSERT_TRUE(change(signed_in(mine), "another good password").has_value());
  const std::string token = not_me_token("password_replaced", mine);
  const auto before = contact(id).security_version;
  auto block = [&](db::Tx& tx) { accounts::set_access(tx, origin(), id, accounts::Access::blocked); };
  auto unblock = [&](db::Tx& tx) { accounts::set_access(tx, origin(), id, accounts::Access::allowed); };
  database.write_now(block);
  EXPECT_EQ(code(not_me(token)), ErrorCode::invalid_link);
  EXPECT_EQ(not_me_token("password_replaced", mine), "");
  database.write_now(unblock);
  now += 7 * 24h;
  EXPECT_EQ(code(not_me(token)), ErrorCode::invalid_link);
  EXPECT_EQ(contact(id).security_version, before + 2);
  EXPECT_FALSE(steps(id).must_change_password);
  EXPECT_EQ(database.run_now(count_spent_ids), 0);
}

TEST_P(NotMe, C54ALinkOfBeforeAChangeOfAddressGivesTheAddressBack) {
  const UserId id = member(mine);
  const auto thief = signed_in(mine);
  ASSERT_TRUE(ask(thief, next).has_value());
  const std::string token = not_me_token("email_change_asked", mine);
  ASSERT_TRUE(confirm_link(change_token(next)).has_value());
  now += 1h;
  ASSERT_TRUE(not_me(token).has_value());
  EXPECT_EQ(contact(id).email, mine);
  EXPECT_TRUE(mail("account_secured", mine).has_value());
  EXPECT_EQ(code(undo(undo_token(mine))), ErrorCode::invalid_link) << "it is undone";
  EXPECT_EQ(sessions(id), 0);
}

TEST_P(NotMe, C55TheNewAddressCanNotEndTheHoldOnTheOldOne) {
  const UserId id = moved();
  now += 1h;
  ASSERT_TRUE(not_me(not_me_token("email_changed_to", next)).has_value());
  EXPECT_EQ(contact(id).email, next);
  EXPECT_TRUE(undo(undo_token(mine)).has_value()) << "the former owner still can";
  EXPECT_EQ(contact(id).email, mine);
}

TEST_P(NotMe, C66ThePasswordThatEndedCanNotBeChosenAgain) {
  settings.accounts.mail_sign_in = true;
  const UserId id = member(mine);
  const auto owner = signed_in(mine);
  ASSERT_TRUE(ask(owner, next).has_value());
  const std::string token = not_me_token("email_change_asked", mine);
  const std::string later = [&] {
    EXPECT_TRUE(change(owner, "the second password").has_value());
    return not_me_token("password_replaced", mine);
  }();
  ASSERT_TRUE(not_me(token).has_value());
  EXPECT_EQ(code(log_in(mine, "the second password")), ErrorCode::invalid_credentials);
  // Another notice of the same time: what is kept of the password stays.
  ASSERT_TRUE(not_me(later).has_value());
  EXPECT_EQ(code(log_in(mine, "the second password")), ErrorCode::invalid_credentials);

  const auto before = credentials(id);
  const auto choose = [&](const std::string& to) {
    const signin::Progress progress{.account = credentials(id),
                                    .done = signin::Done().with(signin::Proof::mail_code),
                                    .first_proof_at = now,
                                    .token = {},
                                    .binding = {}};
    const auto state = wait(signin::read_state(services, progress.account));
    EXPECT_FALSE(state.has_password);
    const auto step = signin::missing_step(services, progress, signin::Step::Kind::new_password, state, now);
    return wait(features::password_change::choose_password(services, origin(), step.step->login_token,
                                                           Secret(std::string_view(to)), ""));
  };
  const auto reset = [&](const std::string& to) {
    EXPECT_TRUE(wait(features::recovery::ask_for_reset(services, origin(), mine, "")).has_value());
    const std::string link =
        this->token("password_reset", mine, features::recovery::make_reset_links, "reset_url");
    return wait(features::recovery::reset_password(services, origin(), features::recovery::ByLink{link},
                                                   Secret(std::string_view(to)), ""));
  };
  now += 2min;
  EXPECT_EQ(code(choose("the second password")), ErrorCode::validation_failed);
  EXPECT_EQ(code(reset("the second password")), ErrorCode::validation_failed);
  EXPECT_EQ(credentials(id).password_hash, before.password_hash);
  EXPECT_EQ(credentials(id).security_version, before.security_version);
  EXPECT_TRUE(steps(id).must_change_password);
  ASSERT_TRUE(choose("the third password").has_value());
  EXPECT_TRUE(log_in(mine, "the third password").has_value());
  EXPECT_FALSE(store::factors::is_marked(credentials(id).password_hash));
}

TEST_P(NotMe, C66AnAccountWithoutAPasswordHasNoneAfterwards) {
  const UserId id = member(mine);
  ASSERT_TRUE(change(signed_in(mine), "the second password").has_value());
  const std::string token = not_me_token("password_replaced", mine);
  add_passkey(id, 1);
  ASSERT_TRUE(
      wait(features::password_change::remove_password(services, origin(), with_passkey(id), "")).has_value());
  ASSERT_TRUE(not_me(token).has_value());
  EXPECT_EQ(credentials(id).password_hash, "steps:");
}

TEST_P(NotMe, ItVoidsAChangeThatIsUnderWay) {
  const UserId id = member(mine);
  ASSERT_TRUE(ask(signed_in(mine), next).has_value());
  const std::string token = change_token(next);
  ASSERT_TRUE(not_me(not_me_token("email_change_asked", mine)).has_value());
  EXPECT_EQ(code(confirm_link(token)), ErrorCode::invalid_link);
  EXPECT_EQ(contact(id).email, mine);
}

}  // namespace
}  // namespace latchkey::flow
