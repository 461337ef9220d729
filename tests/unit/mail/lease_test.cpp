#include "mail/lease.h"

#include "unit/mail/fixtures.h"

namespace latchkey::mail {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class MailLeaseTest : public MailTest {
 protected:
  MailLeaseTest() { state_.hangs = true; }

  std::unique_ptr<mail::Worker> start_node(FakeTransport::State& state, milliseconds lease) {
    mail::WorkerOptions options;
    options.nodes = mail::Nodes::several;
    options.lease = lease;
    options.poll = milliseconds{20};
    auto worker = std::make_unique<mail::Worker>(*database_, clock_, templates_, fake_transports(state),
                                                 find_keys_, options);
    worker->start();
    return worker;
  }
  /// A node that has begun to send a mail and hangs there.
  std::unique_ptr<mail::Worker> start_sending(milliseconds lease) {
    auto worker = start_node(state_, lease);
    EXPECT_TRUE(state_.wait_attempts(1));
    return worker;
  }
  void rename(std::string_view script) {
    const auto work = [script](db::Tx& tx) { tx.run_script(script); };
    database_->write_now(work);
  }
};
LATCHKEY_ON_EVERY_DATABASE(MailLeaseTest);

TEST_P(MailLeaseTest, WhileOneNodeSendsAMailNoOtherDoesHoweverLongItTakes) {
  const milliseconds lease = seconds(2);
  add_mail();
  const auto one = start_sending(lease);
  FakeTransport::State of_other;
  const auto other = start_node(of_other, lease);
  std::this_thread::sleep_for(lease * 5 / 2);
  state_.go_on();
  wait_until([&] { return waiting().empty(); }, "the outbox to be empty");
  EXPECT_EQ(state_.taken.size(), 1U);
  EXPECT_EQ(of_other.attempts, 0);
}

TEST_P(MailLeaseTest, WhoeverLosesAMailToSomebodyElseStopsSendingIt) {
  const LinkId id = add_mail();
  const auto node = start_sending(milliseconds(600));
  // As another node would take it, were this one to stand still for longer than its lease.
  const Timestamp end = clock_.now() + hours(1);
  wait_until(
      [&] {
        const Timestamp seen = waiting().at(0).next_try_at;
        return database_->run_now(mails::current.update_claimed, end, id, seen).has_value();
      },
      "the mail to be taken");
  ASSERT_TRUE(state_.wait_stopped(1));
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(waiting().at(0).next_try_at, end) << "nobody touches what is another's";
  EXPECT_EQ(state_.attempts, 1);
}

TEST_P(MailLeaseTest, AStoreThatIsBackBeforeTheLeaseEndsCostsNothing) {
  add_mail();
  const auto node = start_sending(seconds(6));
  rename("ALTER TABLE mails RENAME TO mails_away");
  std::this_thread::sleep_for(milliseconds(2500));
  rename("ALTER TABLE mails_away RENAME TO mails");
  const Timestamp end = waiting().at(0).next_try_at;
  wait_until([&] { return waiting().at(0).next_try_at > end; }, "the lease to be renewed");
  state_.go_on();
  wait_until([&] { return waiting().empty(); }, "the outbox to be empty");
  EXPECT_EQ(state_.attempts, 1);
}

TEST_P(MailLeaseTest, AStoreThatIsAwayUntilTheLeaseEndsStopsTheMailWhichIsSentLater) {
  add_mail();
  const auto node = start_sending(milliseconds(600));
  rename("ALTER TABLE mails RENAME TO mails_away");
  ASSERT_TRUE(state_.wait_stopped(1));
  state_.go_on();
  rename("ALTER TABLE mails_away RENAME TO mails");
  ASSERT_TRUE(state_.wait_taken(1));
  wait_until([&] { return waiting().empty(); }, "the outbox to be empty");
  EXPECT_EQ(state_.attempts, 2);
}

TEST_P(MailLeaseTest, AMailThatIsDroppedWhileItIsSentIsStopped) {
  add_mail();
  const auto node = start_sending(milliseconds(600));
  const auto block = [&](db::Tx& tx) { mail::drop_links(tx, user_); };  // as blocking and deleting do
  database_->write_now(block);
  ASSERT_TRUE(state_.wait_stopped(1));
}

}  // namespace
}  // namespace latchkey::mail
