// What clients may do how often beyond the limits of their requests (findings F36, F37, F46): a refusal
// changes nothing and writes nothing.

#include "db/counters.h"
#include "features/confirmation/request_email.h"
#include "flow/limits/budget.h"
#include "flow/world.h"

namespace latchkey::flow::limits_test {
namespace {

using namespace std::chrono_literals;

constexpr db::Statement<std::optional<std::int64_t>> count_users{"SELECT count(*) FROM users"};
constexpr db::Statement<std::optional<std::int64_t>, std::string> count_audit{
    "SELECT count(*) FROM audit WHERE result = $1"};

class Limits : public World {
 protected:
  std::int64_t users() { return database.run_now(count_users).value(); }
  std::int64_t audited(const std::string& result) { return database.run_now(count_audit, result).value(); }
  std::size_t mails() { return waiting_mails().size(); }
  static std::uint64_t writes() { return db::counters::writes.value(); }

  Result<EmailRequest> resend(const std::string& email) {
    return wait(request_email(services, origin(), email));
  }
};
LATCHKEY_ON_EVERY_DATABASE(Limits);

TEST_P(Limits, RL12_F37_a_session_that_refreshes_in_a_loop_is_refused_and_keeps_its_token) {
  member("a@example.org");
  auto token = log_in("a@example.org").value().refresh_token;
  int moved = 0;
  std::optional<Error> refusal;
  while (!refusal && moved < 100) {
    now += 1ms;
    const auto next = refresh(token);
    if (next.has_error()) {
      refusal = next.error();
    } else {
      token = next->refresh_token;
      ++moved;
    }
  }
  EXPECT_EQ(moved, 20);
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->code, ErrorCode::too_many_requests);
  EXPECT_EQ(refusal->retry_after, 1s);

  const auto before = writes();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(refresh(token).error().code, ErrorCode::too_many_requests);
  EXPECT_EQ(writes(), before);
  now += 1s;
  EXPECT_TRUE(refresh(token).has_value()) << "the token is as good as before";
}

TEST_P(Limits, RL12_R03_F37_many_requests_with_one_token_count_once) {
  member("a@example.org");
  auto token = log_in("a@example.org").value().refresh_token;
  for (int round = 0; round < 15; ++round) {
    now += 1ms;
    const auto next = refresh(token).value().refresh_token;
    for (int i = 0; i < 10; ++i) EXPECT_EQ(refresh(token).value().refresh_token, next);
    token = next;
  }
}

TEST_P(Limits, F37_whoever_refreshes_once_a_second_is_never_refused) {
  member("a@example.org");
  auto token = log_in("a@example.org").value().refresh_token;
  for (int i = 0; i < 100; ++i) {
    now += 1s;
    token = refresh(token).value().refresh_token;
  }
}

TEST_P(Limits, F37_the_limit_can_be_turned_off) {
  settings.limits.session_refresh = {};
  member("a@example.org");
  auto token = log_in("a@example.org").value().refresh_token;
  for (int i = 0; i < 100; ++i) token = refresh(token).value().refresh_token;
}

TEST_P(Limits, RL13_F46_a_sign_in_that_is_not_looked_at_writes_nothing_whoever_it_is_about) {
  member("a@example.org");
  for (const std::string email : {"a@example.org", "nobody@example.org"}) {
    for (int i = 0; i < settings.limits.login_failures; ++i) log_in(email, "wrong password");
    const auto first = writes();
    EXPECT_EQ(log_in(email).error().code, ErrorCode::too_many_attempts);
    EXPECT_EQ(writes() - first, 1U) << email << ": the first one is kept, or costs as much";
    const auto later = writes();
    for (int i = 0; i < 50; ++i) EXPECT_EQ(log_in(email).error().code, ErrorCode::too_many_attempts);
    EXPECT_EQ(writes() - later, 0U) << email;
  }
  EXPECT_EQ(audited("too_many_attempts"), 1) << "of the account that there is";
}

TEST_P(Limits, RL14_F36_all_together_make_so_many_unconfirmed_accounts_an_hour) {
  settings.limits.unconfirmed_accounts = {.count = 2, .per = 1h};
  EXPECT_TRUE(sign_up("a@example.org").has_value());
  EXPECT_TRUE(sign_up("b@example.org").has_value());
  const auto before = writes();
  const auto refused = sign_up("c@example.org");
  EXPECT_EQ(refused.error().code, ErrorCode::too_many_requests);
  EXPECT_EQ(refused.error().retry_after, 30min);
  EXPECT_EQ(writes(), before);
  EXPECT_EQ(users(), 2);
  EXPECT_EQ(mails(), 2U);
  EXPECT_EQ(audited("too_many_requests"), 0);
  now += 30min;
  EXPECT_TRUE(sign_up("c@example.org").has_value());
}

TEST_P(Limits, F36_a_sign_up_that_makes_no_account_uses_up_no_budget) {
  settings.limits.unconfirmed_accounts = {.count = 2, .per = 1h};
  settings.limits.mails = {.count = 2, .per = 1h};
  EXPECT_TRUE(sign_up("a@example.org").has_value());
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(sign_up("b@example.org", "password1").error().code, ErrorCode::validation_failed);
    EXPECT_EQ(sign_up("a@example.org").error().code, ErrorCode::account_exists);
  }
  EXPECT_TRUE(sign_up("b@example.org").has_value());
}

TEST_P(Limits, RL14_F36_the_audit_keeps_so_many_refusals_an_hour_and_metrics_count_the_others) {
  settings.limits.audit_refusals = {.count = 3, .per = 1h};
  for (const std::string email : {"a@example.org", "b@example.org", "c@example.org"}) {
    member(email);
    for (int i = 0; i < 3; ++i)
      EXPECT_EQ(log_in(email, "wrong password").error().code, ErrorCode::invalid_credentials);
  }
  EXPECT_EQ(audited("invalid_credentials"), 3);
  EXPECT_TRUE(log_in("a@example.org").has_value()) << "what succeeds is kept each time";
  now += 20min;
  log_in("a@example.org", "wrong password");
  EXPECT_EQ(audited("invalid_credentials"), 4);
}

TEST_P(Limits, F36_with_limits_off_there_are_no_budgets) {
  settings.limits.enabled = false;
  settings.limits.unconfirmed_accounts = settings.limits.mails = settings.limits.mails_per_recipient =
      settings.limits.audit_refusals = {.count = 1, .per = 24h};
  for (const std::string email : {"a@example.org", "b@example.org"}) {
    EXPECT_TRUE(sign_up(email).has_value());
    EXPECT_TRUE(resend(email).has_value());
    log_in(email, "wrong password");
  }
  EXPECT_EQ(mails(), 4U);
  EXPECT_EQ(audited("invalid_credentials"), 2);
}

}  // namespace
}  // namespace latchkey::flow::limits_test
