#include <algorithm>

#include "crypto/random.h"
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
    return wait(list_own_sessions(services, origin(), {.user = user, .current = {}}, std::nullopt, 100)).rows;
  }
  /// Sessions that nobody holds a token of, as an older version opened any number.
  void open_many(UserId user, int count) {
    const auto work = [&](db::Tx& tx) {
      for (int i = 0; i < count; ++i) {
        store::sessions::insert_session(tx, {.id = crypto::new_session_id(),
                                             .user_id = user,
                                             .now = now,
                                             .idle_expires_at = now + 24h,
                                             .expires_at = now + 24h,
                                             .address = "192.0.2.1",
                                             .user_agent = "test"});
      }
    };
    database.write_now(work);
  }
  std::size_t count_sessions(UserId user) {
    static constexpr db::Statement<std::optional<std::int64_t>, UserId> count{
        "SELECT count(*) FROM sessions WHERE user_id = $1"};
    return static_cast<std::size_t>(database.run_now(count, user).value());
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
  const auto current = sessions_of(user).front().id;
  EXPECT_EQ(wait(log_out_everywhere(services, origin(), {.user = user, .current = current})).value(), 5);
  for (const auto& tokens : all) EXPECT_FALSE(is_accepted(tokens.access_token));
}

TEST_P(Sessions, F50_O11_ASignInBeyondTheLimitEndsTheSessionThatWasIdleLongest) {
  settings.limits.sessions = 3;
  const auto user = member("a@example.org");
  std::vector<sessions::TokenPair> all;
  for (int i = 0; i < 3; ++i) {
    all.push_back(log_in("a@example.org").value());
    now += 1min;
  }
  all[0] = refresh(all[0].refresh_token).value();  // the oldest is in use
  now += 1min;
  all.push_back(log_in("a@example.org").value());
  EXPECT_EQ(sessions_of(user).size(), 3U);
  EXPECT_TRUE(is_accepted(all[0].access_token));
  EXPECT_FALSE(is_accepted(all[1].access_token));
  EXPECT_TRUE(is_accepted(all[2].access_token));
  EXPECT_TRUE(is_accepted(all[3].access_token));
  // One that has run out and was not swept yet goes before any that is alive.
  now += 6 * 24h;
  all[3] = refresh(all[3].refresh_token).value();
  now += 1min;
  all[0] = refresh(all[0].refresh_token).value();
  now += 2 * 24h;  // by now the one of all[2] has run out
  all.push_back(log_in("a@example.org").value());
  EXPECT_TRUE(refresh(all[0].refresh_token).has_value());
  EXPECT_TRUE(refresh(all[3].refresh_token).has_value());
  EXPECT_TRUE(is_accepted(all[4].access_token));
}

TEST_P(Sessions, F50_O11_AWrongPasswordEndsNoSession) {
  settings.limits.sessions = 2;
  const auto user = member("a@example.org");
  for (int i = 0; i < 2; ++i) log_in("a@example.org").value();
  EXPECT_FALSE(log_in("a@example.org", "some wrong password").has_value());
  EXPECT_EQ(sessions_of(user).size(), 2U);
}

TEST_P(Sessions, F50_O11_ManySignInsAtOnceDoNotPassTheLimitForLong) {
  settings.limits.sessions = 4;
  const auto user = member("a@example.org");
  std::vector<Result<sessions::TokenPair>> answers;
  auto ask = [&]() -> Task<> {
    LoginInput input{.email = "a@example.org", .password = Secret("correct horse battery")};
    answers.push_back(co_await features::password::log_in(services, origin(), std::move(input)));
  };
  constexpr std::size_t at_once = 8;  // fewer than lock the account
  for (std::size_t i = 0; i < at_once; ++i) asio::co_spawn(io, ask(), asio::detached);
  io.restart();
  while (answers.size() < at_once && io.run_one() > 0) continue;
  for (const auto& answer : answers) EXPECT_TRUE(answer.has_value());
  log_in("a@example.org").value();
  EXPECT_EQ(sessions_of(user).size(), 4U);
}

TEST_P(Sessions, F50_O11_AnAccountOfBeforeTheLimitComesDownToItAFewHundredAtATime) {
  settings.limits.sessions = 10;
  const auto user = member("a@example.org");
  open_many(user, 1200);
  std::size_t before = 1200;
  for (int i = 0; i < 4 && before > 10; ++i) {
    log_in("a@example.org").value();
    const auto left = count_sessions(user);
    EXPECT_LE(before + 1 - left, 500U);
    before = left;
  }
  EXPECT_EQ(before, 10U);
}

TEST_P(Sessions, F50_O10_LogoutEverywhereEndsVeryManyAndTheCallersLast) {
  settings.limits.sessions = 2000;
  const auto user = member("a@example.org");
  const auto other = member("b@example.org");
  const auto tokens = log_in("a@example.org").value();
  open_many(user, 1300);
  open_many(other, 3);
  const auto current = wait(sessions::authenticate(services, now, tokens.access_token)).value().session;
  EXPECT_EQ(wait(log_out_everywhere(services, origin(), {.user = user, .current = current})).value(), 1301);
  EXPECT_EQ(count_sessions(user), 0U);
  EXPECT_EQ(count_sessions(other), 3U);
  EXPECT_FALSE(is_accepted(tokens.access_token));
}

TEST_P(Sessions, F50_O11_TheListBeginsWithThePresentSessionHoweverManyFollow) {
  const auto user = member("a@example.org");
  const auto first = log_in("a@example.org").value();
  const auto current = wait(sessions::authenticate(services, now, first.access_token)).value().session;
  now += 1min;
  open_many(user, 25);
  for (const std::int64_t limit : {1, 2, 7, 26, 100}) {
    std::vector<SessionId> seen;
    std::optional<store::sessions::ListPosition> after;
    do {
      const auto page =
          wait(list_own_sessions(services, origin(), {.user = user, .current = current}, after, limit));
      EXPECT_LE(page.rows.size(), static_cast<std::size_t>(limit));
      for (const auto& session : page.rows) seen.push_back(session.id);
      after = page.next;
    } while (after.has_value());
    ASSERT_EQ(seen.size(), 26U) << limit;
    EXPECT_EQ(seen.front(), current);
    std::ranges::sort(seen);
    EXPECT_EQ(std::ranges::unique(seen).size(), 0U);
  }
}

TEST_P(Sessions, A02_NobodyEndsTheSessionOfAnother) {
  const auto owner = member("a@example.org");
  const auto other = member("b@example.org");
  log_in("a@example.org").value();
  const auto session = sessions_of(owner).front().id;
  const features::sessions::Own not_the_owner{.user = other, .current = open_session(other).id};
  EXPECT_EQ(wait(end_own_session(services, origin(), not_the_owner, session)).error().code,
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
