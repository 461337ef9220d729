// What the workers make of the different messages: links and codes that ran out, notices, what another
// version has queued.

#include "mail/counters.h"
#include "mail/worker.h"

#include "unit/mail/fixtures.h"

namespace latchkey::mail {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

class MailWorkerMessagesTest : public MailTest {};
LATCHKEY_ON_EVERY_DATABASE(MailWorkerMessagesTest);

TEST_P(MailWorkerMessagesTest, AMailWithALinkIsDroppedWithWhatItWasFor) {
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

TEST_P(MailWorkerMessagesTest, ABlockedAccountGetsNoLinkOfAnyTable) {
  add_mail();
  add_to_outbox();
  database_->run_now(store::users::update_is_active, false, clock_.now(),
                     user_);  // on a node of the version before
  start();
  wait_until([&] { return waiting().empty(); }, "both to be dropped");
  EXPECT_EQ(state_.attempts, 0);
}

TEST_P(MailWorkerMessagesTest, ALinkThatIsNoLongerNeededIsNotSent) {
  add_mail();
  const auto contact = database_->run_now(store::users::find_contact_by_id, user_).value();
  // On a node of the version before, which does not know the table.
  ASSERT_TRUE(database_->run_now(store::users::consume_confirmation, clock_.now(), contact.subject,
                                 contact.email_key));
  start();
  wait_until([&] { return waiting().empty(); }, "the mail to be dropped");
  EXPECT_EQ(state_.attempts, 0);
}

TEST_P(MailWorkerMessagesTest, SendsWhatAProgramOfTheVersionBeforeHasQueued) {
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

TEST_P(MailWorkerMessagesTest, RefusesRetriesAndLeasesHoldForTheFormerTable) {
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
TEST_P(MailWorkerMessagesTest, ALinkWithACodeGoesOutInTheLanguageOfItsRow) {
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

TEST_P(MailWorkerMessagesTest, AResetThatWasAskedForBeforeAChangeIsDropped) {
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

TEST_P(MailWorkerMessagesTest, ANoticeIsSentThoughItsAccountIsGone) {
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

TEST_P(MailWorkerMessagesTest, ANoticeHasItsLinkWhileThatCanBeMadeAndIsSentWithoutItAfterwards) {
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

TEST_P(MailWorkerMessagesTest, WhatANewerServerWroteWaitsForIt) {
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

}  // namespace
}  // namespace latchkey::mail
