#include "mail/worker.h"
#include "mail/counters.h"

#include <algorithm>

#include "base/metrics.h"
#include "unit/mail/fixtures.h"

namespace latchkey::mail {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

class MailWorkerTest : public MailTest {};
LATCHKEY_ON_EVERY_DATABASE(MailWorkerTest);

TEST_P(MailWorkerTest, SendsWhatWaitsOnceAndForgetsIt) {
  std::vector<LinkId> ids;
  for (int i = 0; i < 70; ++i) ids.push_back(add_mail());
  start();
  ASSERT_TRUE(state_.wait_taken(70));
  wait_until([&] { return waiting().empty(); }, "the outbox to be empty");
  worker_->stop();
  EXPECT_EQ(state_.attempts, 70);
  const mail::Outgoing& mail = state_.taken.at(0);
  EXPECT_EQ(mail.recipient, "user@example.org");
  EXPECT_EQ(mail.sender, "no-reply@example.com");
  EXPECT_EQ(mail.link, "https://x.example/api/auth/confirmed_email/" + to_string(mail.id));
  EXPECT_NE(mail.message.find(mail.link), mail.message.npos);
  EXPECT_NE(mail.message.find("Zoë <b>"), mail.message.npos);
  EXPECT_NE(mail.message.find("Zoë &lt;b&gt;"), mail.message.npos);
}

TEST_P(MailWorkerTest, WakesAtOnce) {
  mail::Worker& worker = start(mail::Nodes::one, std::chrono::hours{1});
  const auto began = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(milliseconds(50));
  add_mail();
  worker.wake();
  ASSERT_TRUE(state_.wait_taken(1));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
}

TEST_P(MailWorkerTest, Z26FailuresAreTriedAgainWhenTheyFallDue) {
  for (int i = 0; i < 2; ++i) state_.answer(Outcome::later, "connect: refused");
  const LinkId id = add_mail();
  start();
  ASSERT_TRUE(state_.wait_attempts(1));
  wait_until([&] { return waiting().at(0).last_error == "connect: refused"; }, "the reason to be stored");
  EXPECT_EQ(waiting().at(0).id, id);
  EXPECT_EQ(waiting().at(0).tries, 1);
  EXPECT_LE(waiting().at(0).next_try_at, clock_.now() + Seconds{10});
  advance(Seconds{6});
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(state_.attempts, 1) << "not before it falls due";
  advance(Seconds{4});
  ASSERT_TRUE(state_.wait_attempts(2));
  wait_until(
      [&] { return waiting().at(0).tries == 2 && waiting().at(0).next_try_at < clock_.now() + minutes{1}; },
      "the second failure");
  advance(Seconds{30});
  ASSERT_TRUE(state_.wait_taken(1));
  EXPECT_EQ(state_.taken[0].id, id);
  wait_until([&] { return waiting().empty(); }, "the outbox to be empty");
}

TEST_P(MailWorkerTest, WhatIsRefusedIsPutAsideAndRetriedOnRequestOnly) {
  state_.answer(Outcome::refused, "recipient: 550 " + std::string(1000, 'x'));
  add_mail();
  start();
  wait_until([&] { return waiting().at(0).put_aside; }, "the mail to be put aside");
  EXPECT_TRUE(waiting().at(0).last_error.starts_with("recipient: 550 x"));
  EXPECT_LE(waiting().at(0).last_error.size(), 300U);
  advance(hours{48});
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(state_.attempts, 1);
  database_->run_now(mails::current.update_retry_all, clock_.now());
  EXPECT_TRUE(state_.wait_taken(1));
}

TEST_P(MailWorkerTest, Z27AfterADayAMailIsPutAside) {
  for (int i = 0; i < 100; ++i) state_.answer(Outcome::later, "sender: 451 later");
  add_mail();
  start();
  int tries = 0;
  while (!waiting().at(0).put_aside && tries < 60) {
    ASSERT_TRUE(state_.wait_attempts(++tries));
    wait_until(
        [&] { return waiting().at(0).put_aside || waiting().at(0).next_try_at <= clock_.now() + hours{1}; },
        "the try to be noted");
    if (!waiting().at(0).put_aside) advance(hours{1});
  }
  EXPECT_TRUE(waiting().at(0).put_aside);
  EXPECT_EQ(waiting().at(0).last_error, "sender: 451 later");
  EXPECT_GE(tries, 24);
  EXPECT_LE(tries, 26);
}

TEST_P(MailWorkerTest, AMailWhoseLinkRanOutIsPutAsideUnsent) {
  add_mail();
  advance(hours{200});
  start();
  wait_until([&] { return waiting().at(0).put_aside; }, "the mail to be put aside");
  EXPECT_NE(waiting().at(0).last_error.find("expired"), std::string::npos);
  EXPECT_EQ(state_.attempts, 0);
}

TEST_P(MailWorkerTest, FaultsOfOursAreTriedAgain) {
  find_keys_ = []() -> mail::LinkKeys { throw std::runtime_error("no key"); };
  add_mail();
  const LinkId unknown = add_mail("from_the_future");
  start();
  wait_until(
      [&] {
        const auto mails = waiting();
        return mails.at(0).tries == 1 && mails.at(1).tries == 1 && !mails[0].last_error.empty() &&
               !mails[1].last_error.empty();
      },
      "both to be noted");
  for (const auto& mail : waiting()) {
    EXPECT_FALSE(mail.put_aside);
    EXPECT_NE(mail.last_error.find(mail.id == unknown ? "template" : "fault"), std::string::npos)
        << mail.last_error;
  }
}

TEST_P(MailWorkerTest, M07WhatACrashLeftClaimedGoesOutAtTheStartOfTheOnlyNode) {
  const LinkId id = add_mail();
  const auto mail = waiting().at(0);
  ASSERT_TRUE(
      database_->run_now(mails::current.update_claimed, clock_.now() + minutes{5}, id, mail.next_try_at));
  start(mail::Nodes::one);
  ASSERT_TRUE(state_.wait_taken(1));
}

TEST_P(MailWorkerTest, M07WhereThereAreSeveralNodesTheLeaseCounts) {
  const LinkId id = add_mail();
  const auto mail = waiting().at(0);
  ASSERT_TRUE(
      database_->run_now(mails::current.update_claimed, clock_.now() + minutes{5}, id, mail.next_try_at));
  EXPECT_FALSE(
      database_->run_now(mails::current.update_claimed, clock_.now() + minutes{5}, id, mail.next_try_at));
  start(mail::Nodes::several);
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(state_.attempts, 0);
  advance(minutes{5});
  ASSERT_TRUE(state_.wait_taken(1));
}

TEST_P(MailWorkerTest, SeveralWorkersSendEachMailOnce) {
  for (int i = 0; i < 60; ++i) add_mail();
  std::vector<std::unique_ptr<mail::Worker>> workers;
  for (int i = 0; i < 3; ++i) {
    mail::WorkerOptions options;
    options.poll = milliseconds{20};
    workers.push_back(std::make_unique<mail::Worker>(*database_, clock_, templates_,
                                                     fake_transports(state_, 2), find_keys_, options));
  }
  for (auto& worker : workers) worker->start();
  wait_until([&] { return waiting().empty(); }, "the outbox to be empty");
  workers.clear();
  EXPECT_EQ(state_.attempts, 60);
  EXPECT_EQ(state_.taken.at(0).sender, "latchkey@localhost");
}

TEST_P(MailWorkerTest, AStoreThatFailsIsWaitedForAndNothingIsSentTwice) {
  // The table goes away between the delivery and the deletion of its row, and comes back later.
  const auto rename = [this](std::string_view script) {
    const auto work = [script](db::Tx& tx) { tx.run_script(script); };
    database_->write_now(work);
  };
  state_.on_taken = [&] { rename("ALTER TABLE mails RENAME TO mails_away"); };
  add_mail();
  mail::Worker& worker = start();
  ASSERT_TRUE(state_.wait_taken(1));
  std::this_thread::sleep_for(milliseconds(100));
  rename("ALTER TABLE mails_away RENAME TO mails");
  wait_until([&] { return waiting().empty(); }, "the row to be deleted");
  state_.on_taken = nullptr;
  add_mail();
  worker.wake();
  ASSERT_TRUE(state_.wait_taken(2));
  EXPECT_EQ(state_.attempts, 2);
}

TEST_P(MailWorkerTest, AStoreThatFailsUnderALeaseKeepsTheMailFromNobody) {
  const auto rename = [this](std::string_view script) {
    const auto work = [script](db::Tx& tx) { tx.run_script(script); };
    database_->write_now(work);
  };
  state_.answer(Outcome::later, "connect: refused");
  state_.on_answer = [&] { rename("ALTER TABLE mails RENAME TO mails_away"); };
  add_mail();
  start();
  ASSERT_TRUE(state_.wait_attempts(1));
  std::this_thread::sleep_for(milliseconds(100));
  rename("ALTER TABLE mails_away RENAME TO mails");
  // The clock stands: the lease, and any wait for another try, would last for ever.
  ASSERT_TRUE(state_.wait_taken(1));
  wait_until([&] { return waiting().empty(); }, "the row to be deleted");
}

TEST_P(MailWorkerTest, AMailWithALinkIsDroppedWithWhatItWasFor) {
  state_.answer(Outcome::later, "connect: refused");
  state_.answer(Outcome::later, "connect: refused");
  const auto dropped = [] { return counters::dropped.value(); };
  const auto before = dropped();
  add_mail();
  add_to_outbox();
  start();
  ASSERT_TRUE(state_.wait_attempts(2));
  wait_until([&] { return waiting().at(0).tries == 1 && waiting().at(1).tries == 1; }, "both to be noted");
  database_->run_now(store::users::delete_user, user_);
  advance(hours{1});
  wait_until([&] { return waiting().empty(); }, "the mail to be dropped");
  EXPECT_EQ(state_.attempts, 2);
  EXPECT_EQ(dropped() - before, 1U) << "that of the outbox goes with its account";
}

TEST_P(MailWorkerTest, ABlockedAccountGetsNoLinkOfAnyTable) {
  add_mail();
  add_to_outbox();
  database_->run_now(store::users::update_is_active, false, clock_.now(),
                     user_);  // on a node of the version before
  start();
  wait_until([&] { return waiting().empty(); }, "both to be dropped");
  EXPECT_EQ(state_.attempts, 0);
}

TEST_P(MailWorkerTest, ALinkThatIsNoLongerNeededIsNotSent) {
  add_mail();
  const auto contact = database_->run_now(store::users::find_contact_by_id, user_).value();
  // On a node of the version before, which does not know the table.
  ASSERT_TRUE(database_->run_now(store::users::consume_confirmation, clock_.now(), contact.subject,
                                 contact.email_key));
  start();
  wait_until([&] { return waiting().empty(); }, "the mail to be dropped");
  EXPECT_EQ(state_.attempts, 0);
}

TEST_P(MailWorkerTest, SendsWhatAProgramOfTheVersionBeforeHasQueued) {
  const LinkId id = add_to_outbox();
  const LinkId own = add_mail();
  start();
  ASSERT_TRUE(state_.wait_taken(2));
  wait_until([&] { return waiting().empty(); }, "both tables to be empty");
  worker_->stop();
  EXPECT_EQ(state_.attempts, 2);
  const auto& first = state_.taken.at(0).id == id ? state_.taken.at(0) : state_.taken.at(1);
  EXPECT_NE(first.id, own);
  EXPECT_EQ(first.recipient, "user@example.org");
  EXPECT_EQ(first.link, "https://x.example/api/auth/confirmed_email/" + to_string(id));
  EXPECT_NE(first.message.find("Zoë <b>"), first.message.npos);
}

TEST_P(MailWorkerTest, RefusesRetriesAndLeasesHoldForTheFormerTable) {
  state_.answer(Outcome::later, "connect: refused");
  state_.answer(Outcome::refused, "recipient: 550");
  add_to_outbox();
  start(mail::Nodes::several);
  ASSERT_TRUE(state_.wait_attempts(1));
  wait_until([&] { return waiting().at(0).last_error == "connect: refused"; }, "the reason to be stored");
  advance(Seconds{10});
  wait_until([&] { return waiting().at(0).put_aside; }, "the mail to be put aside");
  EXPECT_EQ(waiting().at(0).tries, 2);
  database_->run_now(mails::former.update_retry_all, clock_.now());
  EXPECT_TRUE(state_.wait_taken(1));
}

/// What password recovery needs: rows and files alone, as the fixture has them.
TEST_P(MailWorkerTest, ALinkWithACodeGoesOutInTheLanguageOfItsRow) {
  const auto subject = database_->run_now(store::users::find_contact_by_id, user_).value().subject;
  const LinkId id = add({.message = "password_reset",
                         .user = user_,
                         .recipient = "user@example.org",
                         .locale = "de-AT",
                         .parameters = {{"made_for", to_string(subject)}},
                         .link = "password_reset",
                         .now = clock_.now()});
  const auto row = waiting().at(0);
  EXPECT_EQ(row.parameters.find("01234567"), row.parameters.npos) << "no secret is stored";
  start();
  ASSERT_TRUE(state_.wait_taken(1));
  const mail::Outgoing& mail = state_.taken.at(0);
  EXPECT_EQ(mail.link, "https://x.example/password/new/" + to_string(id));
  const auto says = [&](std::string_view text) { return mail.message.find(text) != mail.message.npos; };
  EXPECT_TRUE(says("Subject: Ihr Code ist 01234567\r\n")) << mail.message;
  EXPECT_TRUE(says("Zoë <b>: " + mail.link + " bis 20")) << mail.message;
  EXPECT_TRUE(says("<a href=\"" + mail.link + "\">01234567</a>"))
      << "English stands in for the file that is missing";
}

TEST_P(MailWorkerTest, AResetThatWasAskedForBeforeAChangeIsDropped) {
  add({.message = "password_reset",
       .user = user_,
       .recipient = "user@example.org",
       .parameters = {{"made_for", "an older state"}},
       .link = "password_reset",
       .now = clock_.now()});
  start();
  wait_until([&] { return waiting().empty(); }, "the mail to be dropped");
  EXPECT_EQ(state_.attempts, 0);
}

TEST_P(MailWorkerTest, ANoticeIsSentThoughItsAccountIsGone) {
  add({.message = "password_changed",
       .user = user_,
       .recipient = "former@example.org",
       .parameters = {{"username", "Ada \"L\" {{service}}"}, {"changed_at", "noon"}},
       .now = clock_.now()});
  add({.message = "password_changed", .recipient = "nobody@example.org", .now = clock_.now()});
  database_->run_now(store::users::delete_user, user_);
  start();
  ASSERT_TRUE(state_.wait_taken(2));
  const bool is_first = state_.taken.at(0).recipient == "former@example.org";
  const mail::Outgoing& mail = state_.taken.at(is_first ? 0 : 1);
  EXPECT_EQ(mail.recipient, "former@example.org");
  EXPECT_EQ(mail.link, "");
  EXPECT_NE(mail.message.find("Subject: Your password at x.example was changed\r\n"), mail.message.npos);
  EXPECT_NE(mail.message.find("Ada \"L\" {{service}}, it was changed at noon."), mail.message.npos)
      << mail.message;
}

TEST_P(MailWorkerTest, ANoticeHasItsLinkWhileThatCanBeMadeAndIsSentWithoutItAfterwards) {
  const auto send = [&] {
    const LinkId id = add({.message = "factor_added",
                           .user = user_,
                           .recipient = "user@example.org",
                           .locale = "en",
                           .now = clock_.now()});
    return to_string(id);
  };
  const auto last = [&](std::size_t number) {
    EXPECT_TRUE(state_.wait_taken(number));
    const std::scoped_lock lock(state_.mutex);
    return state_.taken.at(number - 1);
  };
  const auto says = [](const Outgoing& mail, std::string_view text) {
    return mail.message.find(text) != mail.message.npos;
  };
  state_.hangs = true;
  start();
  const std::string id = send();
  ASSERT_TRUE(state_.wait_attempts(1));
  state_.go_on();
  const auto first = last(1);
  EXPECT_TRUE(says(first, "Sent. https://x.example/not_me/" + id + " until "));
  EXPECT_EQ(first.link, "") << "the log shows links that a mail is sent for";

  constexpr db::Statement<db::Affected> choose_german{"UPDATE users SET language = 'de-AT'"};
  database_->run_now(choose_german);
  send();
  EXPECT_TRUE(says(last(2), "Gesendet. https://")) << "the account's language goes first";

  state_.answer(Outcome::later, "450 busy");
  send();
  wait_until([&] { return waiting().at(0).last_error == "450 busy"; }, "the first try");
  advance(std::chrono::hours{1});
  EXPECT_TRUE(says(last(3), "Gesendet.\r\n")) << "the link has expired";

  database_->run_now(store::users::update_is_active, false, clock_.now(), user_);
  send();
  EXPECT_TRUE(says(last(4), "Gesendet.\r\n"));
  wait_until([&] { return waiting().empty(); }, "the row to be gone");
  send();
  database_->run_now(store::users::delete_user, user_);
  last(5);
}

TEST_P(MailWorkerTest, WhatANewerServerWroteWaitsForIt) {
  const auto insert = [&](const std::string& message, const std::string& link,
                          const std::string& parameters) {
    database_->run_now(mails::insert_mail, crypto::new_link_id(), user_, message, "user@example.org", "",
                       parameters, link, clock_.now());
  };
  insert("from_the_future", "", "");
  insert("password_changed", "undo", "");
  insert("password_changed", "", R"({"changed_at":7})");
  start();
  wait_until(
      [&] {
        return std::ranges::all_of(waiting(), [](const auto& mail) { return !mail.last_error.empty(); });
      },
      "all to be noted");
  ASSERT_EQ(waiting().size(), 3U);
  EXPECT_EQ(state_.attempts, 0);
}

TEST_P(MailWorkerTest, StopsInTheMiddleOfADeliveryAndKeepsTheMail) {
  state_.hangs = true;
  add_mail();
  add_mail();
  mail::Worker& worker = start();
  ASSERT_TRUE(state_.wait_attempts(1));
  const auto began = std::chrono::steady_clock::now();
  worker.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
  EXPECT_EQ(state_.attempts, 1);
  ASSERT_EQ(waiting().size(), 2U);
  for (const auto& mail : waiting()) EXPECT_LE(mail.next_try_at, clock_.now()) << "the lease is given back";
}

TEST_P(MailWorkerTest, StopsBeforeItStarted) {
  mail::Worker never(*database_, clock_, templates_, fake_transports(state_), find_keys_, {});
  never.wake();
  never.stop();
}

}  // namespace
}  // namespace latchkey::mail
