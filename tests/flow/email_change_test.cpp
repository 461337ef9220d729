// features/email_change: another address, its undo, and what strangers and thieves can not do with them.

#include "app/features.h"
#include "flow/accounts/accounts.h"
#include "flow/owner.h"
#include "flow/signin/next_step.h"

namespace latchkey::flow {
namespace {

using namespace std::chrono_literals;

constexpr db::Statement<std::optional<std::int64_t>> count_scheduled{"SELECT count(*) FROM scheduled"};
constexpr db::Statement<std::optional<std::int64_t>> sum_failed_codes{
    "SELECT CAST(sum(failed_codes) AS BIGINT) FROM users"};

class EmailChange : public OwnerWorld {};
LATCHKEY_ON_EVERY_DATABASE(EmailChange);

TEST_P(EmailChange, C40NothingChangesBeforeTheNewMailboxConfirmsAndTheOldOneIsTold) {
  const UserId id = member(mine);
  const auto caller = signed_in(mine);
  const auto before = contact(id);
  ASSERT_TRUE(ask(caller, next).has_value());
  EXPECT_EQ(contact(id).email, mine);
  EXPECT_EQ(contact(id).security_version, before.security_version);
  EXPECT_TRUE(mail("email_change_asked", mine).has_value());
  EXPECT_TRUE(log_in(mine).has_value());

  EXPECT_TRUE(confirm_link(change_token(next)).has_value());
  EXPECT_EQ(contact(id).email, next);
  EXPECT_GT(contact(id).security_version, before.security_version);
  EXPECT_TRUE(mail("email_changed", mine).has_value());
  EXPECT_TRUE(mail("email_changed_to", next).has_value());
  EXPECT_EQ(code(log_in(mine)), ErrorCode::invalid_credentials);
  EXPECT_TRUE(log_in(next).has_value());
}

TEST_P(EmailChange, TheCodeOfTheMailConfirmsAsWellAndAWrongOneDoesNot) {
  const UserId id = member(mine);
  const auto handle = ask(signed_in(mine), next).value();
  const auto values = made(*mail("email_change", next), changes::make_change_links);
  const std::string right(mail::value_of(values, "code"));
  ASSERT_EQ(right.size(), 8U);
  EXPECT_EQ(code(confirm_code(handle, right == "00000000" ? "00000001" : "00000000")),
            ErrorCode::invalid_link);
  EXPECT_EQ(contact(id).email, mine);
  EXPECT_TRUE(confirm_code(handle, right).has_value());
  EXPECT_EQ(contact(id).email, next);
  EXPECT_EQ(code(confirm_code(handle, right)), ErrorCode::invalid_link);
}

TEST_P(EmailChange, OtherSessionsEndUnlessTheyAreKept) {
  const UserId id = member(mine);
  signed_in(mine);
  ASSERT_TRUE(ask(signed_in(mine), next).has_value());
  ASSERT_TRUE(confirm_link(change_token(next)).has_value());
  EXPECT_EQ(sessions(id), 1) << "the one that asked";

  const UserId other = member("b@example.org");
  signed_in("b@example.org");
  ASSERT_TRUE(ask(signed_in("b@example.org"), "b@new.example", true).has_value());
  ASSERT_TRUE(confirm_link(change_token("b@new.example")).has_value());
  EXPECT_EQ(sessions(other), 2);
}

TEST_P(EmailChange, C41ALinkDiesWithEachChangeOfTheAccountAndAfterADay) {
  const UserId id = member(mine);
  const auto caller = signed_in(mine);
  ASSERT_TRUE(ask(caller, next).has_value());
  const std::string token = change_token(next);
  auto raise = [&](db::Tx& tx) { tx.run(store::factors::raise_version, now, id); };
  database.write_now(raise);
  EXPECT_EQ(code(confirm_link(token)), ErrorCode::invalid_link);
  EXPECT_EQ(change_token(next), "") << "nor is a mail of before sent any more";

  now += 2min;
  ASSERT_TRUE(ask(caller, next).has_value());
  const std::string later = change_token(next);
  now += 24h - 1s;
  EXPECT_TRUE(wait(changes::look_at_change(services, origin(), later)).has_value());
  now += 1s;
  EXPECT_EQ(code(confirm_link(later)), ErrorCode::invalid_link);
  EXPECT_EQ(contact(id).email, mine);
}

TEST_P(EmailChange, C42AnAddressThatIsTakenIsAnsweredTheSameAndGetsNoMail) {
  member(mine);
  member("b@example.org");
  const auto caller = signed_in(mine);
  const auto taken = ask(caller, "b@example.org");
  ASSERT_TRUE(taken.has_value());
  EXPECT_FALSE(mail("email_change", "b@example.org").has_value());
  EXPECT_TRUE(mail("email_change_asked", mine).has_value());
  now += 2min;
  const auto free = ask(caller, next);
  ASSERT_TRUE(free.has_value());
  EXPECT_EQ(taken->size(), free->size());
}

TEST_P(EmailChange, C43AnAddressThatIsTakenMeanwhileIsRefusedAndNothingChanges) {
  const UserId id = member(mine);
  ASSERT_TRUE(ask(signed_in(mine), next).has_value());
  const std::string token = change_token(next);
  settings.accounts.confirmation = settings::Confirmation::off;
  ASSERT_TRUE(sign_up(next).has_value());
  const auto before = contact(id);
  EXPECT_EQ(code(confirm_link(token)), ErrorCode::invalid_link);
  EXPECT_EQ(contact(id).email, mine);
  EXPECT_EQ(contact(id).security_version, before.security_version);
  EXPECT_EQ(database.run_now(count_scheduled), 0);
  EXPECT_FALSE(mail("email_changed", mine).has_value());
}

TEST_P(EmailChange, C44OfAHundredConfirmationsAtOnceOneWins) {
  const UserId id = member(mine);
  ASSERT_TRUE(ask(signed_in(mine), next).has_value());
  const std::string token = change_token(next);
  const auto one = [&](int) -> Task<bool> {
    auto proved = co_await changes::look_at_change(services, origin(), token);
    if (proved.has_error()) co_return false;
    const auto done = co_await changes::confirm_change(services, origin(), std::move(*proved), "");
    co_return done.has_value();
  };
  EXPECT_EQ(race(100, one), 1);
  EXPECT_EQ(contact(id).email, next);
}

TEST_P(EmailChange, C45OfManyAccountsThatTakeOneAddressAtOnceOneGetsIt) {
  std::vector<std::string> tokens;
  for (int i = 0; i < 8; ++i) {
    const std::string email = "m" + std::to_string(i) + "@example.org";
    member(email);
    ASSERT_TRUE(ask(signed_in(email), next).has_value());
    for (const auto& row : waiting_mails()) {
      if (row.message != "email_change" || row.user_id != database.run_now(users::find_contact, email)->id)
        continue;
      const auto values = made(row, changes::make_change_links);
      const auto url = mail::value_of(values, "change_url");
      tokens.emplace_back(url.substr(url.rfind('/') + 1));
    }
  }
  ASSERT_EQ(tokens.size(), 8U);
  const auto one = [&](int i) -> Task<bool> {
    auto proved = co_await changes::look_at_change(services, origin(), tokens[static_cast<std::size_t>(i)]);
    if (proved.has_error()) co_return false;
    const auto done = co_await changes::confirm_change(services, origin(), std::move(*proved), "");
    co_return done.has_value();
  };
  EXPECT_EQ(race(8, one), 1);
  EXPECT_EQ(database.run_now(count_scheduled), 1) << "whoever lost has changed nothing";
}

TEST_P(EmailChange, C46AnUndoGivesTheAccountBackWithoutWhatWasAddedSince) {
  const UserId id = member(mine);
  add_passkey(id, 1);
  now += 1h;
  const auto caller = with_passkey(id);
  ASSERT_TRUE(ask(caller, next).has_value());
  ASSERT_TRUE(confirm_link(change_token(next)).has_value());
  now += 1h;
  add_passkey(id, 2);
  auto schedule = [&](db::Tx& tx) {
    tx.run(store::scheduled::insert_scheduled, LinkId{{7}}, id, std::string(store::scheduled::deletion),
           std::string(), now, now + 14 * 24h);
    tx.run(store::factors::update_mark, id);
  };
  database.write_now(schedule);
  now += 6 * 24h;
  const auto before = contact(id).security_version;

  ASSERT_TRUE(undo(undo_token(mine)).has_value());
  EXPECT_EQ(contact(id).email, mine);
  EXPECT_GT(contact(id).security_version, before);
  EXPECT_EQ(sessions(id), 0);
  EXPECT_EQ(passkeys(id), 1) << "the owner's own stays";
  EXPECT_FALSE(steps(id).deletion_due_at.has_value());
  EXPECT_TRUE(steps(id).must_change_password);
  EXPECT_EQ(code(log_in(mine)), ErrorCode::invalid_credentials) << "a thief may know the password";
  EXPECT_TRUE(mail("email_undone", mine).has_value());
  EXPECT_TRUE(mail("email_undone", next).has_value());
  EXPECT_EQ(database.run_now(count_scheduled), 0);
}

TEST_P(EmailChange, C47AnUndoWorksOnceAndForSevenDaysWhateverIsChangedMeanwhile) {
  const UserId id = moved();
  const std::string token = undo_token(mine);
  for (int i = 0; i < 3; ++i) {
    auto raise = [&](db::Tx& tx) { tx.run(store::factors::raise_version, now, id); };
    database.write_now(raise);
  }
  now += 7 * 24h - 1s;
  EXPECT_TRUE(wait(changes::look_at_undo(services, origin(), token)).has_value());
  const auto one = [&](int) -> Task<bool> {
    const auto done = co_await changes::undo_change(services, origin(), token, "");
    co_return done.has_value();
  };
  EXPECT_EQ(race(100, one), 1);
  EXPECT_EQ(contact(id).email, mine);
  EXPECT_EQ(code(undo(token)), ErrorCode::invalid_link);
}

TEST_P(EmailChange, C48AfterSevenDaysTheOldAddressIsFreeAndTheHoldIsSwept) {
  const UserId id = moved();
  const std::string token = undo_token(mine);
  now += 7 * 24h;
  EXPECT_EQ(code(undo(token)), ErrorCode::invalid_link);
  EXPECT_EQ(contact(id).email, next);
  for (const auto& sweep : app::sweeps()) {
    if (sweep.name == "email_undos") EXPECT_EQ(sweep.step(services, origin(), "", 100).removed, 1);
  }
  EXPECT_EQ(database.run_now(count_scheduled), 0);
  EXPECT_TRUE(sign_up(mine).has_value());
}

TEST_P(EmailChange, C49WhileAnUndoIsOpenNobodyGetsTheOldAddressAndTheChangeIsNotHiddenBehindAnother) {
  const UserId id = moved();
  now += 1h;
  EXPECT_EQ(code(sign_up(mine)), ErrorCode::account_exists);
  member("b@example.org");
  const auto other = signed_in("b@example.org");
  ASSERT_TRUE(ask(other, mine).has_value()) << "answered like any other";
  EXPECT_FALSE(mail("email_change", mine).has_value());

  const auto caller = signed_in(next);
  EXPECT_EQ(code(ask(caller, "third@example.org")), ErrorCode::address_changed_lately);
  EXPECT_EQ(contact(id).email, next);
  EXPECT_TRUE(undo(undo_token(mine)).has_value());
}

TEST_P(EmailChange, C50AnUnconfirmedAccountThatSlippedInIsEvictedByTheUndo) {
  const UserId id = member(mine);
  const auto caller = signed_in(mine);
  ASSERT_TRUE(ask(caller, next).has_value());
  ASSERT_TRUE(confirm_link(change_token(next)).has_value());
  // As a sign-up that looked before the change was committed.
  const users::NewUser slipped{.subject = Subject{{9}},
                               .email = mine,
                               .email_key = mine,
                               .username = "slipped",
                               .username_key = std::nullopt,
                               .password_hash = "x",
                               .now = now};
  auto work = [&](db::Tx& tx) { return users::insert_user(tx, slipped); };
  const auto intruder = database.write_now(work).value();
  ASSERT_TRUE(undo(undo_token(mine)).has_value());
  EXPECT_EQ(contact(id).email, mine);
  EXPECT_FALSE(database.run_now(users::find_contact_by_id, intruder).has_value());
}

TEST_P(EmailChange, C51ABlockedAccountIsNeitherChangedNorGivenBack) {
  const UserId id = moved();
  const std::string token = undo_token(mine);
  auto block = [&](db::Tx& tx) { accounts::set_access(tx, origin(), id, accounts::Access::blocked); };
  database.write_now(block);
  EXPECT_EQ(code(undo(token)), ErrorCode::invalid_link);
  EXPECT_EQ(contact(id).email, next);
  EXPECT_EQ(undo_token(mine), "") << "the notice is sent without the link";
}

TEST_P(EmailChange, ASecondMailWithinAMinuteIsRefusedAndNothingIsSent) {
  member(mine);
  const auto caller = signed_in(mine);
  ASSERT_TRUE(ask(caller, next).has_value());
  const auto before = waiting_mails().size();
  EXPECT_EQ(code(ask(caller, "other@new.example")), ErrorCode::too_many_requests);
  EXPECT_EQ(waiting_mails().size(), before);
  EXPECT_EQ(code(ask(caller, mine)), ErrorCode::validation_failed);
  EXPECT_EQ(code(ask(caller, "no address")), ErrorCode::validation_failed);
  EXPECT_EQ(database.run_now(sum_failed_codes), 0);
}

}  // namespace
}  // namespace latchkey::flow
