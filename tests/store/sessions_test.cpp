// store/sessions.h: one refresh state a session, which never forks, never comes back, and ends with its
// limits.

#include "store/fixture.h"

namespace latchkey::store::test {
namespace {

class Sessions : public StoreTest {
 protected:
  /// The generation after it; `since` is when the caller believes that the refresh state came to where it
  /// stands.
  std::optional<std::int64_t> advance(const SessionId& id, std::int64_t from, Timestamp at, Timestamp since) {
    const auto refresh_state =
        database.run_now(sessions::advance, at, at + hour, id, from, since, since + second);
    return refresh_state.has_value() ? std::optional(refresh_state->generation) : std::nullopt;
  }
  std::optional<std::int64_t> advance(const SessionId& id, std::int64_t from, Timestamp at) {
    const auto refresh_state = database.run_now(sessions::find_refresh_state, id);
    return advance(id, from, at, refresh_state.has_value() ? refresh_state->rotated_at : now);
  }
  std::vector<sessions::Listed> list_live(UserId user, Timestamp at,
                                          sessions::ListPosition after = sessions::before_all,
                                          std::int64_t most = 100) {
    return database.run_now(sessions::list_live_after, user, SessionId{}, at, after.created_at, after.id,
                            most);
  }
};
LATCHKEY_ON_EVERY_DATABASE(Sessions);

TEST_P(Sessions, ANewLineStandsAtGenerationZero) {
  const UserId user = add_confirmed("a@example.com", Role::moderator);
  const auto refresh_state = database.run_now(sessions::find_refresh_state, open(user)).value();
  EXPECT_EQ(refresh_state.user_id, user);
  EXPECT_EQ(refresh_state.subject, find(user).subject);
  EXPECT_EQ(refresh_state.role, Role::moderator);
  EXPECT_TRUE(refresh_state.is_active);
  EXPECT_EQ(refresh_state.generation, 0);
  EXPECT_EQ(refresh_state.rotated_at, now);
  EXPECT_EQ(refresh_state.idle_expires_at, now + hour);
  EXPECT_EQ(refresh_state.expires_at, now + 24 * hour);
}

TEST_P(Sessions, ALineMovesOnOnlyFromWhereItStands) {
  const SessionId id = open(add("a@example.com"));
  EXPECT_FALSE(advance(id, 1, now + second).has_value());
  EXPECT_EQ(advance(id, 0, now + second), 1);
  EXPECT_FALSE(advance(id, 0, now + 2 * second).has_value());
  const auto refresh_state = database.run_now(sessions::find_refresh_state, id).value();
  EXPECT_EQ(refresh_state.generation, 1);
  EXPECT_EQ(refresh_state.rotated_at, now + second);
  EXPECT_EQ(refresh_state.idle_expires_at, now + second + hour);
  EXPECT_EQ(refresh_state.expires_at, now + 24 * hour);
}

TEST_P(Sessions, AnAdvanceAnswersWhatTheNextTokensAreMadeFrom) {
  const UserId user = add_confirmed("a@example.com", Role::moderator);
  const SessionId id = open(user);
  const Timestamp at = now + hour / 2;
  const auto refresh_state =
      database.run_now(sessions::advance, at, at + 100 * hour, id, std::int64_t{0}, now, now + second)
          .value();
  EXPECT_EQ(refresh_state.subject, find(user).subject);
  EXPECT_EQ(refresh_state.role, Role::moderator);
  EXPECT_EQ(refresh_state.generation, 1);
  EXPECT_EQ(refresh_state.idle_expires_at, now + 24 * hour) << "never later than the session's end";
  EXPECT_EQ(refresh_state.expires_at, now + 24 * hour);
  EXPECT_EQ(database.run_now(sessions::find_refresh_state, id)->idle_expires_at, now + 24 * hour);
}

TEST_P(Sessions, ALineMovesOnOnlyWhileItIsAliveAndFromItsOwnMoment) {
  const UserId user = add_confirmed("a@example.com");
  const SessionId id = open(user);
  const Timestamp opened = now;
  const auto stays = [&](std::optional<std::int64_t> generation) {
    EXPECT_FALSE(generation.has_value());
    const auto refresh_state = database.run_now(sessions::find_refresh_state, id);
    EXPECT_EQ(refresh_state->generation, 0);
    EXPECT_EQ(refresh_state->rotated_at, opened);
    EXPECT_EQ(refresh_state->idle_expires_at, opened + hour);
  };
  // A database that lost a rotation can give one generation twice: the moment tells the two apart.
  stays(advance(id, 0, opened + second, opened + Microseconds(1)));
  stays(advance(id, 0, opened + second, opened - second));
  stays(advance(id, 0, opened + hour, opened));
  stays(advance(id, 0, opened + 24 * hour, opened));
  database.run_now(users::update_is_active, false, now, user);
  stays(advance(id, 0, opened + second, opened));
  database.run_now(users::update_is_active, true, now, user);
  EXPECT_EQ(advance(id, 0, opened + hour - Microseconds(1), opened), 1);
}

TEST_P(Sessions, R03OfManyAdvancesAtOnceOneWins) {
  const SessionId id = open(add("a@example.com"));
  for (std::int64_t generation = 0; generation < 20; ++generation) {
    const auto refresh = [&](int) { return advance(id, generation, now + second).has_value(); };
    ASSERT_EQ(ask_at_once(4, refresh), 1);
  }
  EXPECT_EQ(database.run_now(sessions::find_refresh_state, id)->generation, 20);
}

TEST_P(Sessions, AnEndedSessionIsGoneForEverybody) {
  const UserId user = add("a@example.com");
  const SessionId id = open(user);
  EXPECT_EQ(database.run_now(sessions::delete_session, id), user);
  EXPECT_FALSE(database.run_now(sessions::delete_session, id).has_value());
  EXPECT_FALSE(advance(id, 0, now + second).has_value());
  EXPECT_FALSE(database.run_now(sessions::find_refresh_state, id).has_value());
  EXPECT_FALSE(database.run_now(sessions::find_bearer, id, now).has_value());
}

TEST_P(Sessions, A02OnlyItsOwnerEndsASession) {
  const UserId owner = add("a@example.com");
  const UserId other = add("b@example.com");
  const SessionId id = open(owner);
  EXPECT_FALSE(database.run_now(sessions::delete_session_of_user, id, other).has_value());
  EXPECT_TRUE(database.run_now(sessions::find_refresh_state, id).has_value());
  EXPECT_EQ(database.run_now(sessions::delete_session_of_user, id, owner), owner);
}

TEST_P(Sessions, O02AllSessionsOfOneUserEndTogether) {
  const UserId user = add("a@example.com");
  const SessionId other = open(add("b@example.com"));
  for (int i = 0; i < 5; ++i) open(user);
  EXPECT_EQ(database.run_now(sessions::delete_sessions_of_user, user).rows, 5);
  EXPECT_TRUE(list_live(user, now).empty());
  EXPECT_TRUE(database.run_now(sessions::find_refresh_state, other).has_value());
}

TEST_P(Sessions, D09ARestoreEndsTheSessionsOfEverybody) {
  const UserId one = add("a@example.com");
  const UserId other = add_confirmed("b@example.com", Role::admin);
  const std::vector<SessionId> opened{open(one), open(one), open(other)};
  EXPECT_EQ(database.run_now(sessions::delete_all).rows, 3);
  for (const auto& id : opened) {
    EXPECT_FALSE(database.run_now(sessions::find_refresh_state, id).has_value());
    EXPECT_FALSE(advance(id, 0, now + second).has_value());
  }
  EXPECT_FALSE(find(one).has_live_session);
  EXPECT_EQ(find(other).role, Role::admin) << "the accounts stay";
  EXPECT_EQ(database.run_now(sessions::delete_all).rows, 0);
  EXPECT_TRUE(database.run_now(sessions::find_refresh_state, open(one)).has_value());
}

TEST_P(Sessions, ABearerIsWhoeverHasALiveSessionAndIsNotBlocked) {
  const UserId user = add("a@example.com");
  const SessionId id = open(user);
  EXPECT_EQ(database.run_now(sessions::find_bearer, id, now)->id, user);
  // Idle at one hour, past the absolute limit at a day, however recently it was used.
  EXPECT_TRUE(database.run_now(sessions::find_bearer, id, now + hour - Microseconds(1)).has_value());
  EXPECT_FALSE(database.run_now(sessions::find_bearer, id, now + hour).has_value());
  database.run_now(sessions::advance, now + hour / 2, now + 25 * hour, id, std::int64_t{0}, now,
                   now + second);
  EXPECT_TRUE(database.run_now(sessions::find_bearer, id, now + 24 * hour - Microseconds(1)).has_value());
  EXPECT_FALSE(database.run_now(sessions::find_bearer, id, now + 24 * hour).has_value());
  database.run_now(users::update_is_active, false, now, user);
  EXPECT_FALSE(database.run_now(sessions::find_bearer, id, now).has_value());
}

TEST_P(Sessions, AListHasTheLiveOnesTheNewestFirst) {
  const UserId user = add("a@example.com");
  const SessionId old = open(user);
  now += second;
  const SessionId young = open(user);
  open(add("b@example.com"));
  const auto live = list_live(user, now);
  ASSERT_EQ(live.size(), 2U);
  EXPECT_EQ(live[0].id, young);
  EXPECT_EQ(live[1].id, old);
  EXPECT_EQ(live[0].address, "192.0.2.1");
  EXPECT_EQ(live[0].user_agent, "test");
  EXPECT_EQ(list_live(user, now + hour - Microseconds(1)).size(), 1U);
}

TEST_P(Sessions, PagesOfAListMeetWithoutAGapAlsoWhereMomentsAreTheSame) {
  const UserId user = add("a@example.com");
  for (int i = 0; i < 7; ++i) {
    if (i == 3) now += second;
    open(user);
  }
  const auto whole = list_live(user, now);
  ASSERT_EQ(whole.size(), 7U);
  std::vector<SessionId> seen;
  sessions::ListPosition after = sessions::before_all;
  for (auto page = list_live(user, now, after, 2); !page.empty(); page = list_live(user, now, after, 2)) {
    EXPECT_LE(page.size(), 2U);
    for (const auto& session : page) seen.push_back(session.id);
    after = {.created_at = page.back().created_at, .id = page.back().id};
  }
  ASSERT_EQ(seen.size(), whole.size());
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], whole[i].id);
}

TEST_P(Sessions, AWalkByPagesMeetsEveryExpiredSessionOnce) {
  const UserId user = add("a@example.com");
  for (int i = 0; i < 7; ++i) open(user);
  now += 2 * hour;
  std::vector<SessionId> alive;
  for (int i = 0; i < 4; ++i) alive.push_back(open(user));
  SessionId after{};
  std::int64_t removed = 0;
  std::int64_t found = 0;
  for (;;) {
    const auto page = database.run_now(sessions::list_walked, now, after, std::int64_t{3});
    if (page.empty()) break;
    for (const auto& row : page) found += row.has_expired ? 1 : 0;
    removed += database.run_now(sessions::delete_expired_between, after, page.back().id, now).rows;
    after = page.back().id;
  }
  EXPECT_EQ(removed, 7);
  EXPECT_EQ(found, 7);
  for (const auto& id : alive) EXPECT_TRUE(database.run_now(sessions::find_refresh_state, id).has_value());
}

}  // namespace
}  // namespace latchkey::store::test
