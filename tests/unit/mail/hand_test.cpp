#include "mail/hand.h"

#include <gtest/gtest.h>

#include <future>

namespace latchkey::mail {
namespace {

using namespace std::chrono_literals;

class MailHandTest : public testing::Test {
 protected:
  static store::mails::Mail row(std::uint8_t number, std::string recipient) {
    store::mails::Mail mail;
    mail.id.bytes[0] = number;
    mail.recipient = std::move(recipient);
    return mail;
  }
  bool add(std::uint8_t number, std::string recipient) {
    return hand_.add(store::mails::current, row(number, std::move(recipient)));
  }
  /// The number of the mail that the connection gets, 0 for none.
  int take(std::size_t connection, std::chrono::milliseconds patience = 0ms) {
    auto due = hand_.take(connection, stop_.get_token(), patience);
    if (!due.has_value()) return 0;
    const int number = due->row.id.bytes[0];
    taken_.push_back(std::move(*due));
    return number;
  }

  Hand hand_{3};
  std::stop_source stop_;
  std::vector<Due> taken_;
};

TEST_F(MailHandTest, NoMailIsInHandTwiceUntilItIsReleased) {
  EXPECT_TRUE(add(1, "a"));
  EXPECT_FALSE(add(1, "a"));
  EXPECT_TRUE(hand_.add(store::mails::former, row(1, "b"))) << "the other table has ids of its own";
  EXPECT_EQ(take(0), 1);
  EXPECT_FALSE(add(1, "a")) << "it is being sent";
  hand_.release(taken_.front());
  EXPECT_TRUE(add(1, "a"));
}

TEST_F(MailHandTest, F53_M13_ARecipientHasOneConnectionAtATime) {
  add(1, "slow");
  add(2, "slow");
  add(3, "other");
  EXPECT_EQ(take(0), 1);
  EXPECT_EQ(take(1), 3);
  EXPECT_EQ(take(2), 0) << "the second of the slow one waits";
  EXPECT_TRUE(hand_.is_drained()) << "for nobody else is held up by it";
  hand_.release(taken_.at(0));
  EXPECT_FALSE(hand_.is_drained());
  EXPECT_EQ(take(2), 2);
  EXPECT_TRUE(hand_.is_drained());
  EXPECT_FALSE(hand_.is_empty());
  hand_.release(taken_.at(1));
  hand_.release(taken_.at(2));
  EXPECT_TRUE(hand_.is_empty());
}

TEST_F(MailHandTest, OfIdleConnectionsTheFirstGetsTheMail) {
  const auto wait = [&](std::size_t connection) {
    return std::async(std::launch::async, [this, connection] {
      return hand_.take(connection, stop_.get_token(), 20s).has_value();
    });
  };
  auto last = wait(2);
  auto first = wait(0);
  // The last may get a mail before the first waits; from then on it is the first's turn.
  add(1, "a");
  add(2, "b");
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(last.get());
  EXPECT_TRUE(hand_.is_drained());
}

TEST_F(MailHandTest, AStopEndsTheWaiting) {
  auto waiting = std::async(std::launch::async, [this] { return take(1, 1h); });
  stop_.request_stop();
  EXPECT_EQ(waiting.get(), 0);
}

}  // namespace
}  // namespace latchkey::mail
