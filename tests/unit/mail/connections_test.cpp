// A worker with several connections, and how it shows names that strangers chose.

#include "mail/worker.h"

#include "unit/mail/fixtures.h"

namespace latchkey::mail {
namespace {

class MailConnectionsTest : public MailTest {};
LATCHKEY_ON_EVERY_DATABASE(MailConnectionsTest);

TEST_P(MailConnectionsTest, F53_M13_AMailThatHangsHoldsUpOneConnectionAndItsRecipient) {
  state_.hangs_for = "slow@example.org";
  const auto add_to = [&](const std::string& recipient) {
    return add({.message = "password_changed", .recipient = recipient, .now = clock_.now()});
  };
  for (int i = 0; i < 5; ++i) add_to("slow@example.org");
  for (int i = 0; i < 60; ++i) add_to("user" + std::to_string(i) + "@example.org");
  start(usual_options(), 3);
  ASSERT_TRUE(state_.wait_taken(60));
  EXPECT_EQ(state_.attempts, 61) << "of those to the slow one, one";
  wait_until([&] { return waiting().size() == 5; }, "the others to leave the outbox");
  state_.go_on();
  ASSERT_TRUE(state_.wait_taken(65));
  wait_until([&] { return waiting().empty(); }, "the outbox to be empty");
  EXPECT_EQ(state_.attempts, 65) << "each once";
}

TEST_P(MailConnectionsTest, F53_M13_AStopEndsAllConnectionsAndGivesTheLeasesBack) {
  state_.hangs = true;
  for (int i = 0; i < 6; ++i)
    add({.message = "password_changed",
         .recipient = std::to_string(i) + "@example.org",
         .now = clock_.now()});
  mail::Worker& worker = start(usual_options(), 3);
  ASSERT_TRUE(state_.wait_attempts(3));
  worker.stop();
  EXPECT_EQ(state_.attempts, 3);
  ASSERT_EQ(waiting().size(), 6U);
  for (const auto& mail : waiting()) EXPECT_LE(mail.next_try_at, clock_.now());
}

TEST_P(MailConnectionsTest, F48_M12_AUserNameIsNoLinkInSubjectTextAndHtml) {
  recovery_.write("password_changed/subject.txt", "{{username}}, hello");
  const Templates templates(messages, recovery_.path());
  const std::string name = "https://evil.example/win-a-prize now";
  add({.message = "password_changed",
       .recipient = "user@example.org",
       .parameters = {{"username", name}},
       .now = clock_.now()});
  const mail::WorkerOptions options = usual_options();
  worker_ = std::make_unique<mail::Worker>(*database_, clock_, templates, fake_transports(state_), find_keys_,
                                           options);
  worker_->start();
  ASSERT_TRUE(state_.wait_taken(1));
  worker_.reset();
  const std::string& message = state_.taken.at(0).message;
  const std::string shown = "https: / / evil. example/ win-a-prize now";
  EXPECT_NE(message.find("Subject: " + shown + ", hello"), message.npos) << message;
  EXPECT_NE(message.find("\r\n" + shown + ", it was changed"), message.npos) << message;
  EXPECT_NE(message.find("<p>" + shown + ", it was changed"), message.npos) << message;
  EXPECT_EQ(message.find("evil.example"), message.npos);
}

}  // namespace
}  // namespace latchkey::mail
