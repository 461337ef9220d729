// features/deletion: the end of an account by its owner, with a moved clock.

#include <atomic>
#include <thread>

#include "app/features.h"
#include "app/housekeeping.h"
#include "features/deletion/carry_out.h"
#include "features/deletion/keep.h"
#include "features/deletion/mails.h"
#include "features/deletion/schedule.h"
#include "features/not_me/secure.h"
#include "flow/accounts/accounts.h"
#include "flow/accounts/held_address.h"
#include "flow/links/make.h"
#include "flow/world.h"
#include "store/factors.h"
#include "store/scheduled.h"

namespace latchkey::flow {
namespace {

using namespace std::chrono_literals;
namespace users = store::users;

constexpr db::Statement<std::optional<std::int64_t>> count_accounts{"SELECT count(*) FROM users"};
constexpr db::Statement<std::optional<std::int64_t>> count_all_scheduled{"SELECT count(*) FROM scheduled"};
constexpr db::Statement<std::optional<std::int64_t>, std::string> count_told{
    "SELECT count(*) FROM audit WHERE target = $1 AND (address <> '' OR detail <> '')"};
constexpr db::Statement<std::optional<std::int64_t>, std::string> count_entries_about{
    "SELECT count(*) FROM audit WHERE target = $1"};
constexpr db::Statement<std::optional<std::int64_t>, std::string, std::string> count_events{
    "SELECT count(*) FROM audit WHERE event = $1 AND result = $2"};
constexpr db::Statement<db::Affected, Timestamp, std::string> insert_old_entry{
    "INSERT INTO audit (at, event, result, actor, target, address, request_id, detail) "
    "VALUES ($1, 'sign_in', 'ok', '', $2, '192.0.2.1', '', 'a')"};
constexpr db::Statement<db::Affected, UserId> demand_password_of{
    "UPDATE users SET must_change_password = TRUE WHERE id = $1"};

class Deletion : public World {
 protected:
  users::Contact contact(const std::string& email = "a@example.org") {
    return database.run_now(users::find_contact, email).value();
  }
  Result<Timestamp> schedule(UserId user, const std::string& typed = "A@Example.org ") {
    return wait(features::deletion::schedule_deletion(services, origin(), asker(user), typed, ""));
  }
  /// The token of the link in the mail, as the mail thread makes it.
  std::string keep_token(const std::string& email = "a@example.org") {
    for (const auto& mail : waiting_mails()) {
      if (mail.message != "deletion_scheduled" || mail.recipient != email) continue;
      const auto links = links_of_deletion(mail);
      const auto url = mail::value_of(links.values, "keep_url");
      return std::string(url.substr(url.rfind('/') + 1));
    }
    return "";
  }
  mail::Links links_of_deletion(const store::mails::Mail& row) {
    return features::deletion::make_keep_links(
               {.ring = keys.current()->ring(), .public_url = services.public_url, .settings = settings},
               {.id = row.id,
                .recipient = row.recipient,
                .parameters = {},
                .created_at = row.created_at,
                .now = now,
                .account = database.run_now(users::find_contact_by_id, row.user_id)})
        .value();
  }
  store::mails::Mail mail_of(const std::string& message) {
    for (auto& mail : waiting_mails()) {
      if (mail.message == message) return std::move(mail);
    }
    throw std::logic_error("no such mail: " + message);
  }
  Result<> keep(const std::string& token) {
    return wait(features::deletion::keep_by_link(services, origin(), token, ""));
  }
  Result<sessions::TokenPair> keep_by_sign_in(const std::string& login_token) {
    return wait(features::deletion::keep_by_sign_in(services, origin(), login_token, ""));
  }
  std::string login_token(const std::string& email = "a@example.org") {
    const auto refused = log_in(email);
    EXPECT_EQ(refused.error().code, ErrorCode::account_deletion_scheduled);
    return refused.error().step == nullptr ? "" : refused.error().step->login_token;
  }
  bool is_marked() {
    return store::factors::is_marked(
        database.run_now(users::find_credentials, "a@example.org").value().password_hash);
  }
  /// The whole sweep, a step at a time.
  std::int64_t sweep(std::int64_t most = 100) {
    const Origin by = system_origin(now);
    std::int64_t removed = 0;
    for (int steps = 0; steps < 1000; ++steps) {
      const auto swept = features::deletion::sweep_deletions(services, by, "", most);
      removed += swept.removed;
      if (!swept.continue_at.has_value()) return removed;
    }
    ADD_FAILURE() << "the sweep never ends";
    return removed;
  }
  std::size_t mails_of(const std::string& message) {
    std::size_t count = 0;
    for (const auto& mail : waiting_mails()) count += mail.message == message ? 1 : 0;
    return count;
  }
  void set_role(UserId user, Role role) {
    const Origin by = origin();
    auto work = [&](db::Tx& tx) { return accounts::set_role(tx, by, user, role); };
    EXPECT_TRUE(database.write_now(work).has_value());
  }
};

LATCHKEY_ON_EVERY_DATABASE(Deletion);

TEST_P(Deletion, L40_EndsTheSessionsAtOnceAndTheAccountWhenItIsDue) {
  const UserId user = member("a@example.org");
  member("b@example.org");
  const auto tokens = log_in("a@example.org").value();
  const auto before = contact();
  EXPECT_EQ(schedule(user).value(), now + 14 * 24h);
  EXPECT_EQ(refresh(tokens.refresh_token).error().code, ErrorCode::invalid_token);
  EXPECT_GT(contact().security_version, before.security_version);
  EXPECT_TRUE(is_marked()) << "a program of 0.1.0 refuses the account";
  EXPECT_EQ(mails_of("deletion_scheduled"), 1);

  now += 14 * 24h - 1s;
  EXPECT_EQ(sweep(), 0);
  EXPECT_EQ(log_in("a@example.org").error().code, ErrorCode::account_deletion_scheduled);
  now += 1s;
  const std::string subject = to_string(before.subject);
  EXPECT_GT(database.run_now(count_told, subject), 0);
  const auto entries = database.run_now(count_entries_about, subject).value();
  EXPECT_EQ(sweep(), 1);
  EXPECT_FALSE(database.run_now(users::find_contact, "a@example.org").has_value());
  EXPECT_EQ(database.run_now(count_accounts), 1);
  EXPECT_EQ(database.run_now(count_all_scheduled), 0);
  EXPECT_EQ(database.run_now(count_told, subject), 0) << "what is left names nobody";
  EXPECT_EQ(database.run_now(count_entries_about, subject), entries + 2) << "and the subject stays";
  EXPECT_EQ(mails_of("account_deleted"), 1);
  EXPECT_EQ(log_in("a@example.org").error().code, ErrorCode::invalid_credentials);
  EXPECT_TRUE(sign_up("a@example.org").has_value()) << "the address is free";
}

TEST_P(Deletion, L40_HousekeepingDoesIt) {
  const UserId user = member("a@example.org");
  schedule(user).value();
  now += 14 * 24h;
  Clock clock;
  app::Housekeeping housekeeping(services, clock, app::sweeps());
  housekeeping.sweep(now);
  EXPECT_EQ(database.run_now(count_accounts), 0);
}

TEST_P(Deletion, L40_AHistoryIsForgottenInSmallPieces) {
  const UserId user = member("a@example.org");
  const std::string subject = to_string(contact().subject);
  for (int i = 0; i < 25; ++i) database.run_now(insert_old_entry, now, subject);
  schedule(user).value();
  now += 14 * 24h;
  const Origin by = system_origin(now);
  const auto told = database.run_now(count_told, subject).value();
  EXPECT_TRUE(features::deletion::sweep_deletions(services, by, "", 10).continue_at.has_value());
  EXPECT_EQ(database.run_now(count_told, subject), told - 10);
  EXPECT_EQ(database.run_now(count_accounts), 1);
  EXPECT_EQ(sweep(10), 1);
  EXPECT_EQ(database.run_now(count_told, subject), 0);
}

TEST_P(Deletion, L41_TheLinkOfTheMailKeepsTheAccountOnce) {
  const UserId user = member("a@example.org");
  schedule(user).value();
  const auto token = keep_token();
  EXPECT_EQ(wait(features::deletion::look_at_keep_link(services, origin(), token))->id, user);
  EXPECT_EQ(wait(features::deletion::look_at_keep_link(services, origin(), token))->id, user)
      << "looking stops nothing";
  EXPECT_EQ(database.run_now(count_all_scheduled), 1);
  EXPECT_TRUE(keep(token).has_value());
  EXPECT_EQ(database.run_now(count_sessions), 0) << "a link opens no session";
  EXPECT_FALSE(is_marked());
  EXPECT_EQ(mails_of("deletion_stopped"), 1);
  EXPECT_EQ(mails_of("deletion_scheduled"), 0) << "its link would be of no use";
  const auto version = contact().security_version;
  EXPECT_EQ(keep(token).error().code, ErrorCode::invalid_link);
  EXPECT_EQ(contact().security_version, version);
  EXPECT_TRUE(log_in("a@example.org").has_value());
  now += 15 * 24h;
  EXPECT_EQ(sweep(), 0);

  schedule(user).value();
  EXPECT_EQ(keep(token).error().code, ErrorCode::invalid_link)
      << "the link of one deletion stops no later one";
  EXPECT_TRUE(keep(keep_token()).has_value());
}

TEST_P(Deletion, L41_TheMailSaysFromWhereAndItsOtherLinkTakesTheAccountBackFromAThief) {
  const UserId user = member("a@example.org");
  address = "198.51.100.66";
  schedule(user).value();
  const auto mail = mail_of("deletion_scheduled");
  const auto parameters = mail::read_parameters(mail.parameters).value();
  EXPECT_EQ(mail::value_of(parameters, "address"), "198.51.100.66");
  EXPECT_EQ(mail::value_of(parameters, "device"), "an unknown client");
  const auto links = links_of_deletion(mail);
  const auto url = mail::value_of(links.values, "not_me_url");
  ASSERT_EQ(links.moments.size(), 1U);
  EXPECT_EQ(links.moments.front(),
            (std::pair<std::string_view, Timestamp>("not_me_expires_at", now + 7 * 24h)));
  now += 3 * 24h;
  const auto version = contact().security_version;
  EXPECT_TRUE(wait(features::not_me::secure_account(services, origin(),
                                                    std::string(url.substr(url.rfind('/') + 1)), ""))
                  .has_value());
  EXPECT_EQ(database.run_now(count_all_scheduled), 0) << "the deletion is stopped";
  EXPECT_GT(contact().security_version, version);
  EXPECT_EQ(log_in("a@example.org").error().code, ErrorCode::invalid_credentials) << "the password has ended";
  now += 15 * 24h;
  EXPECT_EQ(sweep(), 0);
}

TEST_P(Deletion, L41_NoticesOfTheOtherTwoSayFromWhereToo) {
  const UserId user = member("a@example.org");
  schedule(user).value();
  address = "198.51.100.66";
  EXPECT_TRUE(keep(keep_token()).has_value());
  const auto stopped = mail_of("deletion_stopped");
  EXPECT_EQ(mail::value_of(mail::read_parameters(stopped.parameters).value(), "address"), "198.51.100.66");
  settings.accounts.deletion_grace = 0s;
  schedule(user).value();
  const auto gone = mail_of("account_deleted");
  EXPECT_EQ(mail::value_of(mail::read_parameters(gone.parameters).value(), "address"), "198.51.100.66");
  EXPECT_EQ(mail::value_of(mail::read_parameters(gone.parameters).value(), "username"), "somebody");
}

TEST_P(Deletion, L41_NothingThatAThiefChangesVoidsTheLink) {
  const UserId user = member("a@example.org");
  schedule(user).value();
  const auto token = keep_token();
  auto raise = [&](db::Tx& tx) { return tx.run(store::factors::raise_version, now, user); };
  EXPECT_TRUE(database.write_now(raise).has_value());
  EXPECT_TRUE(keep(token).has_value());
}

TEST_P(Deletion, L41_ALinkThatIsLateForgedOrOfABlockedAccountStopsNothing) {
  const UserId user = member("a@example.org");
  schedule(user).value();
  const auto token = keep_token();
  const Origin by = origin();
  const auto set_access = [&](accounts::Access access) {
    auto work = [&](db::Tx& tx) { return accounts::set_access(tx, by, user, access); };
    EXPECT_TRUE(database.write_now(work).has_value());
  };
  for (const std::string& bad : {std::string(), std::string("x.y.z"), token + "x"})
    EXPECT_EQ(keep(bad).error().code, ErrorCode::invalid_link);
  set_access(accounts::Access::blocked);
  EXPECT_EQ(keep(token).error().code, ErrorCode::invalid_link);
  now += 14 * 24h;
  EXPECT_EQ(sweep(), 0) << "a block stays with its address";
  set_access(accounts::Access::allowed);
  EXPECT_EQ(keep(token).error().code, ErrorCode::invalid_link) << "too late";
  EXPECT_EQ(database.run_now(count_all_scheduled), 1);
  EXPECT_EQ(sweep(), 1);
}

TEST_P(Deletion, L42_ASignInKeepsTheAccountAsItsLastStep) {
  const UserId user = member("a@example.org");
  schedule(user).value();
  const auto token = login_token();
  const auto tokens = keep_by_sign_in(token);
  ASSERT_TRUE(tokens.has_value());
  EXPECT_EQ(database.run_now(count_all_scheduled), 0);
  EXPECT_EQ(database.run_now(count_sessions), 1);
  EXPECT_FALSE(is_marked());
  EXPECT_EQ(keep_by_sign_in(token).error().code, ErrorCode::invalid_login_token);
  EXPECT_TRUE(log_in("a@example.org").has_value());
}

TEST_P(Deletion, L42_WhoeverHasNotProvedAllElseStopsNothing) {
  const UserId user = member("a@example.org");
  schedule(user).value();
  auto demand = [&](db::Tx& tx) {
    tx.run(demand_password_of, user);
    return tx.run(store::factors::update_mark, user);
  };
  database.write_now(demand);
  const auto refused = log_in("a@example.org").error();
  EXPECT_EQ(refused.code, ErrorCode::new_password_required);
  ASSERT_NE(refused.step, nullptr);
  EXPECT_EQ(keep_by_sign_in(refused.step->login_token).error().code, ErrorCode::new_password_required);
  EXPECT_EQ(database.run_now(count_all_scheduled), 1);
  EXPECT_EQ(database.run_now(count_sessions), 0);
}

TEST_P(Deletion, L43_OfFortyThatKeepAndDeleteAtOnceOneDoes) {
  const UserId user = member("a@example.org");
  settings.accounts.deletion_grace = 1h;
  schedule(user).value();
  const auto token = keep_token();
  int answered = 0;
  int kept = 0;
  auto use = [&]() -> Task<void> {
    if ((co_await features::deletion::keep_by_link(services, origin(), token, "")).has_value()) ++kept;
    ++answered;
  };
  for (int i = 0; i < 40; ++i) asio::co_spawn(io, use(), asio::detached);
  io.restart();
  while (answered < 40 && io.run_one() > 0) continue;
  EXPECT_EQ(kept, 1);
  EXPECT_EQ(mails_of("deletion_stopped"), 1);
  now += 2h;
  EXPECT_EQ(sweep(), 0);
  EXPECT_EQ(database.run_now(count_accounts), 1);
}

TEST_P(Deletion, L43_TwoNodesThatSweepAtOnceDeleteOnce) {
  const UserId user = member("a@example.org");
  schedule(user).value();
  now += 14 * 24h;
  std::atomic<std::int64_t> removed = 0;
  {
    std::vector<std::jthread> nodes;
    for (int i = 0; i < 4; ++i) nodes.emplace_back([&] { removed += sweep(); });
  }
  EXPECT_EQ(removed, 1);
  EXPECT_EQ(mails_of("account_deleted"), 1);
  EXPECT_EQ(database.run_now(count_accounts), 0);
}

TEST_P(Deletion, L44_TheLastAdministratorStays) {
  const UserId first = member("a@example.org");
  const UserId second = member("b@example.org");
  set_role(first, Role::admin);
  EXPECT_EQ(schedule(first).error().code, ErrorCode::last_administrator);
  EXPECT_EQ(database.run_now(count_all_scheduled), 0);
  EXPECT_FALSE(is_marked());
  set_role(second, Role::admin);
  EXPECT_TRUE(schedule(first).has_value());
  EXPECT_EQ(schedule(second, "b@example.org").error().code, ErrorCode::last_administrator)
      << "the other one is about to go";
  const Origin by = origin();
  auto block = [&](db::Tx& tx) { return accounts::set_access(tx, by, second, accounts::Access::blocked); };
  EXPECT_EQ(database.write_now(block).error().code, ErrorCode::last_administrator);
}

TEST_P(Deletion, L44_WhatHasBecomeTheLastAdministratorMeanwhileIsNotDeleted) {
  const UserId first = member("a@example.org");
  const UserId second = member("b@example.org");
  set_role(first, Role::admin);
  set_role(second, Role::admin);
  EXPECT_TRUE(schedule(first).has_value());
  database.run_now(users::delete_user, second);
  now += 14 * 24h;
  EXPECT_EQ(sweep(), 0);
  EXPECT_EQ(database.run_now(count_accounts), 1);
  EXPECT_EQ(database.run_now(count_all_scheduled), 0) << "and nobody tries again";
  EXPECT_EQ(database.run_now(count_events, "deletion_due", "last_administrator"), 1);
  EXPECT_TRUE(log_in("a@example.org").has_value());
}

TEST_P(Deletion, L45_AnotherAddressThanTheAccountsIsRefused) {
  const UserId user = member("a@example.org");
  const auto version = contact().security_version;
  for (const std::string typed : {"", "b@example.org", "a@example.or", "no address"})
    EXPECT_EQ(schedule(user, typed).error().code, ErrorCode::validation_failed) << typed;
  EXPECT_EQ(contact().security_version, version);
  EXPECT_EQ(database.run_now(count_all_scheduled), 0);
}

TEST_P(Deletion, C67_AnAccountStaysUntilNobodyCanUndoAChangeOfItsAddress) {
  for (const auto grace : {0h, 24h, 14 * 24h}) {
    settings.accounts.deletion_grace = grace;
    const std::string email = "u" + std::to_string(grace.count()) + "@example.org";
    const UserId user = member(email);
    const Timestamp undo_end = now + 3 * 24h;
    database.run_now(store::scheduled::insert_scheduled, accounts::id_of_held("old-" + email), user,
                     std::string(store::scheduled::email_undo), std::string("detail"), now, undo_end);
    const Timestamp due = std::max(undo_end, now + grace);
    EXPECT_EQ(schedule(user, email).value(), due);
    const auto token = keep_token(email);
    now = undo_end - 1s;
    EXPECT_EQ(sweep(), 0);
    EXPECT_TRUE(database.run_now(users::find_contact_by_id, user).has_value());
    EXPECT_TRUE(wait(accounts::find_holder(services, "old-" + email, now)).has_value());
    EXPECT_TRUE(wait(features::deletion::look_at_keep_link(services, origin(), token)).has_value())
        << "as long as it can be kept";
    now = due;
    EXPECT_EQ(keep(token).error().code, ErrorCode::invalid_link) << "and no longer";
    EXPECT_EQ(sweep(), 1);
    EXPECT_FALSE(wait(accounts::find_holder(services, "old-" + email, now)).has_value());
  }
}

TEST_P(Deletion, L46_WithoutAGraceItIsGoneAtOnce) {
  settings.accounts.deletion_grace = 0s;
  const UserId user = member("a@example.org");
  const std::string subject = to_string(contact().subject);
  for (int i = 0; i < 600; ++i) database.run_now(insert_old_entry, now, subject);
  EXPECT_EQ(schedule(user).value(), now);
  EXPECT_EQ(database.run_now(count_accounts), 0);
  EXPECT_EQ(database.run_now(count_told, subject), 0);
  EXPECT_EQ(mails_of("account_deleted"), 1);
}

}  // namespace
}  // namespace latchkey::flow
