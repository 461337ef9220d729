#include "features/sessions/log_out.h"
#include "features/sessions/own_sessions.h"
#include "flow/accounts/accounts.h"
#include "flow/sessions/authenticate.h"
#include "flow/world.h"

namespace latchkey::flow {
namespace {

using namespace std::chrono_literals;

class Sessions : public World {
 protected:
  bool is_accepted(const std::string& access_token) {
    return wait(sessions::authenticate(services, now, access_token)).has_value();
  }
  std::vector<store::sessions::Listed> sessions_of(UserId user) {
    return wait(list_own_sessions(services, origin(), user, store::sessions::before_all, 100)).rows;
  }
  void set_access(UserId user, accounts::Access access) {
    const Origin by = origin();
    auto work = [&](db::Tx& tx) { return flow::accounts::set_access(tx, by, user, access); };
    ASSERT_TRUE(database.write_now(work).has_value());
  }
};

LATCHKEY_ON_EVERY_DATABASE(Sessions);

TEST_P(Sessions, ATokenIsGoodUntilItsTimeAndItsSessionEnd) {
  member("a@example.org");
  const auto tokens = log_in("a@example.org").value();
  EXPECT_EQ(tokens.expires_in, 900);
  EXPECT_TRUE(is_accepted(tokens.access_token));
  now += 15min - 1s;
  EXPECT_TRUE(is_accepted(tokens.access_token));
  now += 1s;
  EXPECT_FALSE(is_accepted(tokens.access_token));
}

TEST_P(Sessions, R03_TheSuccessorIsTheSameForEveryRetryInsideTheGrace) {
  member("a@example.org");
  const auto first = log_in("a@example.org").value();
  now += 1min;
  const auto second = refresh(first.refresh_token).value();
  now += 9s;
  const auto again = refresh(first.refresh_token).value();
  EXPECT_EQ(again.refresh_token, second.refresh_token);
  EXPECT_NE(again.access_token, second.access_token);
  EXPECT_TRUE(refresh(second.refresh_token).has_value()) << "the line lives on";
}

TEST_P(Sessions, R02_ALateTokenEndsTheSessionForBoth) {
  member("a@example.org");
  const auto first = log_in("a@example.org").value();
  const auto second = refresh(first.refresh_token).value();
  now += 11s;
  EXPECT_EQ(refresh(first.refresh_token).error().code, ErrorCode::invalid_token);
  EXPECT_EQ(refresh(second.refresh_token).error().code, ErrorCode::invalid_token);
  EXPECT_FALSE(is_accepted(second.access_token));
}

TEST_P(Sessions, R09_HourlyRefreshesEndAtTheAbsoluteLimit) {
  member("a@example.org");
  auto tokens = log_in("a@example.org").value();
  int hours = 0;
  for (; hours < 31 * 24; ++hours) {
    now += 1h;
    auto next = refresh(tokens.refresh_token);
    if (next.has_error()) break;
    tokens = std::move(*next);
  }
  EXPECT_EQ(hours, 30 * 24 - 1);
}

TEST_P(Sessions, AnAccessTokenNeverOutlivesItsSession) {
  member("a@example.org");
  auto tokens = log_in("a@example.org").value();
  for (int day = 0; day < 29; ++day) {
    now += 24h;
    tokens = refresh(tokens.refresh_token).value();
  }
  now += 24h - 5min;
  tokens = refresh(tokens.refresh_token).value();
  EXPECT_EQ(tokens.expires_in, 300);
}

TEST_P(Sessions, R09_AWeekOfSilenceEndsIt) {
  member("a@example.org");
  const auto tokens = log_in("a@example.org").value();
  now += 7 * 24h;
  EXPECT_FALSE(refresh(tokens.refresh_token).has_value());
}

TEST_P(Sessions, LogoutByAnyGenerationEndsOnlyItsSession) {
  member("a@example.org");
  const auto one = log_in("a@example.org").value();
  const auto other = log_in("a@example.org").value();
  const auto later = refresh(one.refresh_token).value();
  EXPECT_TRUE(wait(log_out(services, origin(), one.refresh_token)).has_value());
  EXPECT_FALSE(is_accepted(later.access_token));
  EXPECT_FALSE(wait(log_out(services, origin(), later.refresh_token)).has_value());
  EXPECT_TRUE(is_accepted(other.access_token));
}

TEST_P(Sessions, B01_BlockingEndsEverythingAndUnblockingRevivesNothing) {
  const auto user = member("a@example.org");
  const auto tokens = log_in("a@example.org").value();
  set_access(user, accounts::Access::blocked);
  EXPECT_FALSE(is_accepted(tokens.access_token));
  EXPECT_EQ(log_in("a@example.org").error().code, ErrorCode::account_blocked);
  set_access(user, accounts::Access::allowed);
  EXPECT_FALSE(is_accepted(tokens.access_token));
  EXPECT_FALSE(refresh(tokens.refresh_token).has_value());
  EXPECT_TRUE(log_in("a@example.org").has_value());
}

TEST_P(Sessions, O02_LogoutEverywhereEndsAll) {
  const auto user = member("a@example.org");
  std::vector<sessions::TokenPair> all;
  for (int i = 0; i < 5; ++i) all.push_back(log_in("a@example.org").value());
  EXPECT_EQ(sessions_of(user).size(), 5U);
  EXPECT_EQ(wait(log_out_everywhere(services, origin(), user)), 5);
  for (const auto& tokens : all) EXPECT_FALSE(is_accepted(tokens.access_token));
}

TEST_P(Sessions, A02_NobodyEndsTheSessionOfAnother) {
  const auto owner = member("a@example.org");
  const auto other = member("b@example.org");
  log_in("a@example.org").value();
  const auto session = sessions_of(owner).front().id;
  EXPECT_EQ(wait(end_own_session(services, origin(), other, session)).error().code,
            ErrorCode::session_not_found);
  EXPECT_EQ(sessions_of(owner).size(), 1U);
}

TEST_P(Sessions, ARevokedKeyTakesItsTokensAlongAtOnce) {
  member("a@example.org");
  const auto tokens = log_in("a@example.org").value();
  EXPECT_TRUE(is_accepted(tokens.access_token));
  EXPECT_TRUE(keys::revoke_key(database, keys, origin(), keys.current()->signer(now).kid).has_value());
  EXPECT_FALSE(is_accepted(tokens.access_token));
  EXPECT_TRUE(refresh(tokens.refresh_token).has_value()) << "the session itself lives";
}

}  // namespace
}  // namespace latchkey::flow
