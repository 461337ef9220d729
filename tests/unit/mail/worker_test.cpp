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
