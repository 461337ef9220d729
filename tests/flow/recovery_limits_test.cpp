// What all kinds of mail share: the budget of all clients together, and what one address gets a day.

#include "db/counters.h"
#include "features/confirmation/request_email.h"
#include "features/recovery/ask.h"
#include "flow/world.h"

namespace latchkey::flow::recovery_limits_test {
namespace {

using namespace std::chrono_literals;

constexpr db::Statement<std::optional<std::int64_t>> count_users{"SELECT count(*) FROM users"};

class RecoveryLimits : public World {
 protected:
  std::int64_t users() { return database.run_now(count_users).value(); }
  std::size_t mails() { return waiting_mails().size(); }
  static std::uint64_t writes() { return db::counters::writes.value(); }

  Result<std::string> forgotten(const std::string& email) {
    return wait(features::recovery::ask_for_reset(services, origin(), email, ""));
  }
  Result<EmailRequest> resend(const std::string& email) {
    return wait(request_email(services, origin(), email));
  }
};
LATCHKEY_ON_EVERY_DATABASE(RecoveryLimits);

TEST_P(RecoveryLimits, RL14_F36_all_together_cause_so_many_mails_an_hour_whatever_they_are) {
  member("a@example.org");
  EXPECT_TRUE(sign_up("b@example.org").has_value());
  settings.limits.mails = {.count = 3, .per = 1h};
  now += 24h;
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(forgotten("nobody@example.org").has_value()) << "who gets no mail takes none from the others";
    EXPECT_TRUE(resend("nobody@example.org").has_value());
  }
  EXPECT_TRUE(forgotten("a@example.org").has_value());
  EXPECT_TRUE(resend("b@example.org").has_value());
  EXPECT_TRUE(sign_up("c@example.org").has_value());
  const auto before = mails();
  const auto spent = writes();
  for (const std::string email : {"a@example.org", "b@example.org", "nobody@example.org"}) {
    EXPECT_EQ(forgotten(email).error().code, ErrorCode::too_many_requests) << email;
    if (email != "a@example.org") {
      EXPECT_EQ(resend(email).error().code, ErrorCode::too_many_requests) << email;
    }
  }
  EXPECT_EQ(sign_up("d@example.org").error().code, ErrorCode::too_many_requests);
  EXPECT_EQ(mails(), before);
  EXPECT_EQ(writes(), spent);
  EXPECT_EQ(users(), 3);
}

TEST_P(RecoveryLimits, RL10_F36_one_address_gets_so_many_mails_of_a_kind_a_day) {
  settings.limits.mails_per_recipient = {.count = 4, .per = 24h};
  EXPECT_TRUE(sign_up("a@example.org").has_value());
  for (int i = 0; i < 10; ++i) {
    now += 2min;
    EXPECT_EQ(resend("a@example.org").value(), EmailRequest::check_your_mail);
    EXPECT_TRUE(forgotten("A@Example.org").has_value()) << "the answer stays";
  }
  EXPECT_EQ(mails(), 8U) << "four of each kind";
  EXPECT_TRUE(sign_up("b@example.org").has_value());
  EXPECT_EQ(mails(), 9U) << "another address";
  now += 6h;
  EXPECT_TRUE(forgotten("a@example.org").has_value());
  EXPECT_EQ(mails(), 10U);
}

}  // namespace
}  // namespace latchkey::flow::recovery_limits_test
