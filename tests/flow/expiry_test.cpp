// What ends by itself, and that housekeeping removes it: unconfirmed accounts, sessions, audit entries.

#include "app/features.h"
#include "app/housekeeping.h"
#include "crypto/random.h"
#include "features/confirmation/request_email.h"
#include "flow/accounts/accounts.h"
#include "flow/limits/sent_mails.h"
#include "flow/world.h"
#include "store/spent.h"

namespace latchkey::flow::expiry_test {
namespace {

using namespace std::chrono_literals;
namespace users = store::users;

constexpr db::Statement<std::optional<std::int64_t>> count_audit{"SELECT count(*) FROM audit"};
constexpr db::Statement<std::optional<std::string>> last_audit{
    "SELECT event || ' ' || result || ' ' || actor || ' ' || detail FROM audit ORDER BY id DESC LIMIT 1"};

class Expiry : public World {
 protected:
  std::optional<users::User> find(const std::string& email) {
    return database.run_now(users::find_user_by_email, now, email);
  }
};

LATCHKEY_ON_EVERY_DATABASE(Expiry);

TEST_P(Expiry, HousekeepingRemovesWhatHasExpiredAndNothingElse) {
  member("a@example.org");
  sign_up("b@example.org").value();
  const auto idle = log_in("a@example.org").value();
  Clock clock;
  app::Housekeeping housekeeping(services, clock, app::sweeps());
  now += 72h - 1s;
  EXPECT_EQ(housekeeping.sweep(now), 0);
  now += 1s;
  EXPECT_EQ(housekeeping.sweep(now), 1) << "the account that was never confirmed";
  EXPECT_FALSE(find("b@example.org").has_value());
  now += 4 * 24h;
  EXPECT_EQ(housekeeping.sweep(now), 1) << "the session that nobody used for a week";
  EXPECT_FALSE(refresh(idle.refresh_token).has_value());
  EXPECT_TRUE(find("a@example.org").has_value());
}

TEST_P(Expiry, AnUnconfirmedAccountEndsWhenItsTimeIsOverWhetherSweptOrNot) {
  settings.accounts.confirmation_ttl = 30 * 24h;  // its link would be good for longer
  sign_up("a@example.org").value();
  sign_up("b@example.org").value();
  const auto token = link_token("a@example.org");
  const auto other = link_token("b@example.org");
  const auto mails = [&] { return waiting_mails().size(); };
  const auto waiting = mails();
  now += 72h - 1s;
  EXPECT_TRUE(wait(look_at_confirmation(services, origin(), token)).has_value());
  EXPECT_EQ(wait(confirm_email(services, origin(), other)).value(), Confirmed::now);
  now += 1s;
  EXPECT_EQ(wait(look_at_confirmation(services, origin(), token)).error().code,
            ErrorCode::invalid_confirmation);
  EXPECT_EQ(wait(confirm_email(services, origin(), token)).error().code, ErrorCode::invalid_confirmation);
  EXPECT_EQ(wait(reject_email(services, origin(), token)).error().code, ErrorCode::invalid_confirmation);
  EXPECT_FALSE(find("a@example.org")->confirmed);
  EXPECT_EQ(wait(request_email(services, origin(), "a@example.org")).value(), EmailRequest::check_your_mail);
  EXPECT_EQ(mails(), waiting - 1) << "that of the confirmed one went; none came";
  EXPECT_EQ(wait(confirm_email(services, origin(), other)).value(), Confirmed::before);
  EXPECT_EQ(sign_up("b@example.org").error().code, ErrorCode::account_exists) << "a confirmed one never ends";
  const auto before = find("a@example.org")->id;
  EXPECT_NE(sign_up("a@example.org").value().user.id, before) << "the address is free";
  EXPECT_EQ(wait(confirm_email(services, origin(), token)).error().code, ErrorCode::invalid_confirmation)
      << "the link was another account's";
}

TEST_P(Expiry, ANameOfAnAccountThatEndedIsFreeWhereNamesAreUnique) {
  settings.accounts.unique_usernames = true;
  ASSERT_TRUE(sign_up("a@example.org").has_value());
  now += 72h;
  ASSERT_TRUE(sign_up("b@example.org").has_value());
  EXPECT_FALSE(find("a@example.org").has_value());
}

TEST_P(Expiry, WithoutConfirmationNoAccountEnds) {
  sign_up("a@example.org").value();
  settings.accounts.confirmation_ttl = 30 * 24h;
  const auto long_lived = link_token("a@example.org");
  settings.accounts.confirmation = settings::Confirmation::off;
  now += 80h;
  Clock clock;
  app::Housekeeping housekeeping(services, clock, app::sweeps());
  EXPECT_EQ(housekeeping.sweep(now), 0);
  EXPECT_EQ(sign_up("a@example.org").error().code, ErrorCode::account_exists);
  EXPECT_EQ(wait(confirm_email(services, origin(), long_lived)).value(), Confirmed::now);
}

TEST_P(Expiry, TheAuditSaysOnceHowManyUnconfirmedAccountsWereRemoved) {
  member("kept@example.org");
  for (int i = 0; i < 7; ++i) sign_up("user" + std::to_string(i) + "@example.org").value();
  const auto before = database.run_now(count_audit).value();
  Clock clock;
  app::Housekeeping housekeeping(services, clock, app::sweeps());
  now += 72h;
  EXPECT_EQ(housekeeping.sweep(now), 7);
  EXPECT_EQ(database.run_now(count_audit), before + 1);
  EXPECT_EQ(database.run_now(last_audit), "unconfirmed_removed ok system count 7");
  housekeeping.sweep(now + 1h);
  EXPECT_EQ(database.run_now(count_audit), before + 1) << "a sweep that finds none says nothing";
}

TEST_P(Expiry, AuditEntriesGoWhenTheirTimeIsOver) {
  Clock clock;
  app::Housekeeping housekeeping(services, clock, app::sweeps());
  member("a@example.org");
  const auto before = database.run_now(count_audit).value();
  ASSERT_GT(before, 0);
  housekeeping.sweep(now + settings.audit.ttl - 1s);
  EXPECT_EQ(database.run_now(count_audit), before);
  housekeeping.sweep(now + settings.audit.ttl);
  EXPECT_EQ(database.run_now(count_audit), 0);
}

/// What clients that have no account can make the store keep ends, too.
TEST_P(Expiry, RL10_L57_RowsOfMailedCodesAndSpentIdsGoWhenTheirTimeIsOver) {
  const UserId user = member("a@example.org");
  const auto write = [&](db::Tx& tx) {
    for (int i = 0; i < 3; ++i)
      limits::count_mail(tx, settings,
                         {.purpose = "password_reset", .id = crypto::new_link_id(), .account = user}, now);
    tx.run(store::spent::consume_id, crypto::new_link_id(), now + 1h);
  };
  database.write_now(write);
  Clock clock;
  app::Housekeeping housekeeping(services, clock, app::sweeps());
  const Timestamp counted_until = now + settings.accounts.code_ttl + 24h;
  EXPECT_EQ(housekeeping.sweep(counted_until - 1s), 0) << "the rows count the mails of a day";
  EXPECT_EQ(housekeeping.sweep(counted_until), 3);
  EXPECT_EQ(housekeeping.sweep(now + 25h - 1s), 0) << "a clock may have been ahead";
  EXPECT_EQ(housekeeping.sweep(now + 25h), 1) << "the spent id";
}

}  // namespace
}  // namespace latchkey::flow::expiry_test
