#include "flow/accounts/accounts.h"

#include "app/features.h"
#include "app/housekeeping.h"
#include "features/confirmation/request_email.h"
#include "flow/accounts/first_start.h"
#include "flow/world.h"
#include "store/attempts.h"

namespace latchkey::flow {
namespace {

using namespace std::chrono_literals;
namespace users = store::users;

constexpr db::Statement<std::optional<std::int64_t>> count_audit{"SELECT count(*) FROM audit"};
constexpr db::Statement<std::optional<std::int64_t>, std::string> count_sign_ups{
    "SELECT count(*) FROM audit WHERE event = 'sign_up' AND result = $1"};

class Accounts : public World {
 protected:
  template <class Change>
  auto change(Change work) {
    return database.write_now(work);
  }
  std::optional<users::User> find(const std::string& email) {
    return database.run_now(users::find_user_by_email, now, email);
  }
};

LATCHKEY_ON_EVERY_DATABASE(Accounts);

TEST_P(Accounts, SignUpCommitsTheMailWithTheAccount) {
  const auto user = sign_up("Some.One@Example.ORG").value().user;
  EXPECT_EQ(user.email, "Some.One@example.org");
  EXPECT_EQ(user.role, Role::user);
  EXPECT_FALSE(user.confirmed);
  EXPECT_EQ(mails_announced, 1);
  EXPECT_FALSE(link_token("Some.One@example.org").empty());
}

TEST_P(Accounts, S02_OneAccountByAddressWhateverItsCase) {
  ASSERT_TRUE(sign_up("a@example.org").has_value());
  EXPECT_EQ(sign_up("A@EXAMPLE.org").error().code, ErrorCode::account_exists);
}

TEST_P(Accounts, S11_OfSignUpsAtOnceWithOneAddressOneIsWrittenAndOfTheOthersTheirRefusal) {
  std::vector<Result<SignedUp>> answers;
  auto ask = [&](std::string username) -> Task<void> {
    SignupInput input{.email = "a@example.org",
                      .username = std::move(username),
                      .password = Secret("correct horse battery")};
    answers.push_back(co_await features::signup::sign_up(services, origin(), std::move(input)));
  };
  for (const char* username : {"one", "two", "three"}) asio::co_spawn(io, ask(username), asio::detached);
  while (answers.size() < 3 && io.run_one() > 0) continue;
  std::string made;
  for (const auto& answer : answers) {
    if (answer.has_value()) {
      EXPECT_EQ(std::exchange(made, answer->user.username), "") << "there was one already";
    } else {
      EXPECT_EQ(answer.error().code, ErrorCode::account_exists);
    }
  }
  EXPECT_EQ(find("a@example.org")->username, made);
  EXPECT_EQ(database.run_now(count_sign_ups, "ok"), 1);
  EXPECT_EQ(database.run_now(count_sign_ups, "account_exists"), 2);
  EXPECT_EQ(database.run_now(store::mails::current.count_all), 1);
}

TEST_P(Accounts, C03_ALinkIsGoodUntilItExpires) {
  sign_up("a@example.org").value();
  sign_up("b@example.org").value();
  const auto token = link_token("a@example.org");
  const auto late = link_token("b@example.org");
  now += 24h - 1s;
  EXPECT_EQ(wait(confirm_email(services, origin(), token)).value(), Confirmed::now);
  now += 1s;
  EXPECT_EQ(wait(confirm_email(services, origin(), late)).error().code, ErrorCode::invalid_confirmation);
  EXPECT_FALSE(find("b@example.org")->confirmed);
}

TEST_P(Accounts, C01_AUsedLinkSaysSo) {
  sign_up("a@example.org").value();
  const auto token = link_token("a@example.org");
  EXPECT_EQ(wait(confirm_email(services, origin(), token)).value(), Confirmed::now);
  EXPECT_EQ(wait(confirm_email(services, origin(), token)).value(), Confirmed::before);
}

TEST_P(Accounts, C09_ALinkIsBoundToItsAddress) {
  sign_up("a@example.org").value();
  sign_up("b@example.org").value();
  auto mail = waiting_mails().front();
  const std::string other = mail.recipient == "a@example.org" ? "b@example.org" : "a@example.org";
  auto account = database.run_now(store::users::find_contact_by_id, mail.user_id).value();
  account.email = account.email_key = mail.recipient = other;
  const auto links = make_confirmation_links(
      {.ring = keys.current()->ring(), .public_url = services.public_url, .settings = settings},
      {.id = mail.id,
       .recipient = other,
       .parameters = {},
       .created_at = mail.created_at,
       .now = mail.created_at,
       .account = account});
  EXPECT_TRUE(wait(confirm_email(services, origin(), token_of(links.value()))).has_error());
}

TEST_P(Accounts, AMailThatAnAccountNeedsNoMoreHasNoLink) {
  const auto user = sign_up("a@example.org").value().user;
  const auto mail = waiting_mails().front();
  EXPECT_EQ(mail.user_id, user.id);
  EXPECT_EQ(mail.message, "confirmation");
  ASSERT_TRUE(links_of(mail).has_value());
  EXPECT_EQ(links_of(mail)->expires_at, now + 24h);
  auto elsewhere = mail;
  elsewhere.recipient = "former@example.org";
  EXPECT_FALSE(links_of(elsewhere).has_value()) << "the account has another address now";
  EXPECT_TRUE(wait(confirm_email(services, origin(), token_of(links_of(mail).value()))).has_value());
  EXPECT_FALSE(links_of(mail).has_value()) << "the address is confirmed";
  EXPECT_TRUE(waiting_mails().empty()) << "and the mail went with that";
}

TEST_P(Accounts, MailThatNobodyWillAskForIsSweptAndCountedUntilThen) {
  Clock clock;
  app::Housekeeping housekeeping(services, clock, app::sweeps());
  const auto user = member("a@example.org");
  const auto put_aside = [&](Timestamp at) {
    const auto work = [&](db::Tx& tx) {
      return mail::queue(
          tx, services.wake_mail,
          {.message = "password_changed", .user = user, .recipient = "a@example.org", .now = at});
    };
    database.run_now(store::mails::current.update_put_aside, "refused", database.write_now(work));
  };
  put_aside(now);
  put_aside(now + 1s);
  EXPECT_EQ(mail::count_waiting(database), 2);
  now += 30 * 24h;
  housekeeping.sweep(now);
  EXPECT_EQ(mail::count_waiting(database), 1);
  EXPECT_EQ(waiting_mails().front().created_at, now - 30 * 24h + 1s);
}

TEST_P(Accounts, ABlockedOrDeletedAccountLosesItsLinksAndKeepsItsNotices) {
  const auto blocked = sign_up("a@example.org").value().user;
  const auto deleted = sign_up("b@example.org").value().user;
  const auto notify = [&](const store::users::User& user) {
    const auto work = [&](db::Tx& tx) {
      mail::queue(tx, services.wake_mail,
                  {.message = "password_changed", .user = user.id, .recipient = user.email, .now = now});
    };
    database.write_now(work);
  };
  notify(blocked);
  notify(deleted);
  ASSERT_EQ(waiting_mails().size(), 4U);
  const auto block = [&](db::Tx& tx) {
    return accounts::set_access(tx, origin(), blocked.id, accounts::Access::blocked);
  };
  ASSERT_TRUE(database.write_now(block).has_value());
  const auto remove = [&](db::Tx& tx) { return accounts::delete_user(tx, origin(), deleted.id); };
  ASSERT_TRUE(database.write_now(remove).has_value());
  const auto left = waiting_mails();
  ASSERT_EQ(left.size(), 2U);
  for (const auto& mail : left) EXPECT_EQ(mail.message, "password_changed");
}

TEST_P(Accounts, NotMeRemovesAnUnconfirmedAccountOnly) {
  sign_up("a@example.org").value();
  const auto token = link_token("a@example.org");
  EXPECT_TRUE(wait(reject_email(services, origin(), token)).has_value());
  EXPECT_FALSE(find("a@example.org").has_value());
  member("b@example.org");
  EXPECT_TRUE(sign_up("a@example.org").has_value()) << "the address is free again";
  EXPECT_TRUE(wait(reject_email(services, origin(), token)).has_error()) << "the link was another account's";
}

TEST_P(Accounts, B09ABlockOutlivesTheLinkTheTimeAndASecondSignUp) {
  const auto user = sign_up("a@example.org").value().user;
  const auto token = link_token("a@example.org");
  const Origin by = origin();
  auto block = [&](db::Tx& tx) { return accounts::set_access(tx, by, user.id, accounts::Access::blocked); };
  ASSERT_TRUE(change(block).has_value());
  EXPECT_EQ(wait(reject_email(services, origin(), token)).error().code, ErrorCode::invalid_confirmation);
  ASSERT_TRUE(find("a@example.org").has_value());
  EXPECT_FALSE(find("a@example.org")->is_active);
  Clock clock;
  app::Housekeeping housekeeping(services, clock, app::sweeps());
  now += settings.accounts.unconfirmed_ttl;
  EXPECT_EQ(housekeeping.sweep(now), 0);
  EXPECT_EQ(sign_up("a@example.org").error().code, ErrorCode::account_exists);
  EXPECT_EQ(find("a@example.org")->id, user.id);
  EXPECT_EQ(log_in("a@example.org").error().code, ErrorCode::account_blocked);
}

TEST_P(Accounts, OneMailAMinuteToOneAddress) {
  sign_up("a@example.org").value();
  const auto mails = [&] { return waiting_mails().size(); };
  EXPECT_EQ(mails(), 1U);
  EXPECT_EQ(wait(request_email(services, origin(), "a@example.org")).value(), EmailRequest::check_your_mail);
  EXPECT_EQ(mails(), 1U) << "the sign-up mail counts";
  now += 1min;
  wait(request_email(services, origin(), "a@example.org")).value();
  EXPECT_EQ(mails(), 2U);
  EXPECT_EQ(wait(request_email(services, origin(), "nobody@example.org")).value(),
            EmailRequest::check_your_mail);
  EXPECT_EQ(mails(), 2U);
}

TEST_P(Accounts, L11_GuessesBeyondTheLimitAreNotLookedAt) {
  member("a@example.org");
  for (int i = 0; i < settings.limits.login_failures; ++i) {
    EXPECT_EQ(log_in("a@example.org", "wrong password").error().code, ErrorCode::invalid_credentials);
  }
  const auto refused = log_in("a@example.org").error();
  EXPECT_EQ(refused.code, ErrorCode::too_many_attempts) << "even the right one";
  EXPECT_EQ(refused.retry_after, 60s);
  now += 60s;
  EXPECT_TRUE(log_in("a@example.org").has_value());
  EXPECT_EQ(log_in("a@example.org", "wrong password").error().code, ErrorCode::invalid_credentials)
      << "a right password starts the count anew";
}

TEST_P(Accounts, AnUnknownAddressIsRefusedJustSo) {
  for (int i = 0; i < settings.limits.login_failures; ++i) {
    EXPECT_EQ(log_in("nobody@example.org").error().code, ErrorCode::invalid_credentials);
  }
  EXPECT_EQ(log_in("nobody@example.org").error().code, ErrorCode::too_many_attempts);
}

TEST_P(Accounts, C11_UnconfirmedIsToldOnlyAfterTheRightPassword) {
  sign_up("a@example.org").value();
  EXPECT_EQ(log_in("a@example.org", "wrong password").error().code, ErrorCode::invalid_credentials);
  EXPECT_EQ(log_in("a@example.org").error().code, ErrorCode::email_not_confirmed);
}

TEST_P(Accounts, L16_AHashOfOldParametersIsRenewedAtSignIn) {
  const auto user = member("a@example.org");
  crypto::password::HashArena arena;
  const auto old = crypto::password::hash_password(Secret("correct horse battery"),
                                                   {.memory_kib = 128, .passes = 2}, arena);
  const auto now_stored = database.run_now(users::find_credentials, "a@example.org")->password_hash;
  database.run_now(store::attempts::update_password_hash, old, user, now_stored);
  EXPECT_TRUE(log_in("a@example.org").has_value());
  const auto renewed = database.run_now(users::find_credentials, "a@example.org")->password_hash;
  EXPECT_NE(renewed, old);
  EXPECT_NE(renewed.find("m=64,t=1"), std::string::npos);
  EXPECT_TRUE(log_in("a@example.org").has_value());
}

TEST_P(Accounts, B06_TheLastAdministratorStays) {
  const auto one = member("a@example.org");
  const auto two = member("b@example.org");
  const Origin by = origin();
  for (const auto user : {one, two}) {
    auto promote = [&](db::Tx& tx) { return accounts::set_role(tx, by, user, Role::admin); };
    ASSERT_TRUE(change(promote).has_value());
  }
  auto block_two = [&](db::Tx& tx) { return accounts::set_access(tx, by, two, accounts::Access::blocked); };
  EXPECT_TRUE(change(block_two).has_value());
  auto block_one = [&](db::Tx& tx) { return accounts::set_access(tx, by, one, accounts::Access::blocked); };
  EXPECT_EQ(change(block_one).error().code, ErrorCode::last_administrator);
  auto demote = [&](db::Tx& tx) { return accounts::set_role(tx, by, one, Role::user); };
  EXPECT_EQ(change(demote).error().code, ErrorCode::last_administrator);
  auto remove = [&](db::Tx& tx) { return accounts::delete_user(tx, by, one); };
  EXPECT_EQ(change(remove).error().code, ErrorCode::last_administrator);
  EXPECT_TRUE(find("a@example.org")->is_active);
  EXPECT_EQ(find("a@example.org")->role, Role::admin);
}

TEST_P(Accounts, AnAddressThatIsNoAdministratorRefusesTheStart) {
  member("a@example.org");
  settings.admin.email = "a@example.org";
  settings.admin.password = Secret("a rather long sentence");
  const auto problem = accounts::ensure_administrator(services, origin());
  ASSERT_TRUE(problem.has_value());
  EXPECT_NE(problem->find("latchkey user set-role"), std::string::npos);
}

TEST_P(Accounts, TheFirstAdministratorIsMadeOnce) {
  settings.admin.email = "root@example.org";
  settings.admin.password = Secret("a rather long sentence");
  EXPECT_EQ(accounts::ensure_administrator(services, origin()), std::nullopt);
  EXPECT_EQ(find("root@example.org")->role, Role::admin);
  settings.admin.email = "other@example.org";
  EXPECT_EQ(accounts::ensure_administrator(services, origin()), std::nullopt);
  EXPECT_FALSE(find("other@example.org").has_value());
}

TEST_P(Accounts, AnAdministratorWhoCanNotSignInIsNone) {
  const UserId first = member("a@example.org");
  const auto block = [&](db::Tx& tx) {
    tx.run(store::users::update_role, Role::admin, now, first);
    tx.run(store::users::update_is_active, false, now, first);
  };
  database.write_now(block);
  EXPECT_FALSE(accounts::has_administrator(database));
  settings.admin.email = "a@example.org";
  settings.admin.password = Secret("a rather long sentence");
  const auto problem = accounts::ensure_administrator(services, origin());
  ASSERT_TRUE(problem.has_value());
  EXPECT_NE(problem->find("latchkey user unblock"), std::string::npos);
  settings.admin.email = "b@example.org";
  EXPECT_EQ(accounts::ensure_administrator(services, origin()), std::nullopt);
  EXPECT_EQ(find("b@example.org")->role, Role::admin);
}

TEST_P(Accounts, UniqueUserNamesRefuseTheStartWhileTwoAreTheSame) {
  const UserId first = member("a@example.org");
  const UserId second = member("b@example.org");
  settings.accounts.unique_usernames = true;
  const auto problem = accounts::ensure_unique_usernames(services);
  ASSERT_TRUE(problem.has_value());
  EXPECT_NE(problem->find("accounts " + std::to_string(first.value) + " and " + std::to_string(second.value)),
            std::string::npos)
      << *problem;
}

TEST_P(Accounts, B04_AFullQueueLocksNobody) {
  member("a@example.org");
  settings.limits.login_failures = 3;
  hashing.stop();  // answers everything with `overloaded`
  const auto jobs = services.database.statistics().jobs;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(log_in("a@example.org", "wrong").error().code, ErrorCode::overloaded);
    EXPECT_EQ(log_in("nobody@example.org", "wrong").error().code, ErrorCode::overloaded);
  }
  EXPECT_EQ(services.database.statistics().jobs, jobs) << "nothing was written for those nobody looked at";
}

TEST_P(Accounts, RefusalsThatCostNothingFillNoTable) {
  member("a@example.org");
  settings.limits.login_failures = 3;
  const auto audited = [&] { return database.run_now(count_audit).value(); };
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(log_in("a@example.org", "wrong").error().code, ErrorCode::invalid_credentials);
  }
  const auto failures = audited();
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(log_in("a@example.org", "wrong").error().code, ErrorCode::too_many_attempts);
  }
  EXPECT_EQ(audited(), failures + 1) << "the first refusal is written down, the others are counted";
  for (int i = 0; i < 50; ++i) EXPECT_EQ(sign_up("a@example.org").error().code, ErrorCode::account_exists);
  EXPECT_EQ(audited(), failures + 2);
  now += 90s;
  for (int i = 0; i < 50; ++i) EXPECT_EQ(sign_up("a@example.org").error().code, ErrorCode::account_exists);
  EXPECT_EQ(audited(), failures + 3);
}

TEST_P(Accounts, UniqueUserNamesWhereAskedFor) {
  settings.accounts.unique_usernames = true;
  ASSERT_TRUE(sign_up("a@example.org").has_value());
  EXPECT_EQ(sign_up("b@example.org").error().code, ErrorCode::username_taken);
  EXPECT_FALSE(find("b@example.org").has_value());
  EXPECT_EQ(database.run_now(count_sign_ups, "ok"), 1);
  EXPECT_EQ(database.run_now(store::mails::current.count_all), 1);
}

TEST_P(Accounts, WithoutConfirmationSignUpSignsIn) {
  settings.accounts.confirmation = settings::Confirmation::off;
  const auto result = sign_up("a@example.org").value();
  EXPECT_TRUE(result.tokens.has_value());
  EXPECT_EQ(mails_announced, 0);
  EXPECT_TRUE(log_in("a@example.org").has_value());
}

}  // namespace
}  // namespace latchkey::flow
