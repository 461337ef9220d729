// A browser signs in: its session is held by a cookie, and its login tokens are worth nothing elsewhere.

#include "crypto/random.h"
#include "flow/factors_world.h"
#include "flow/signin/progress.h"
#include "store/sessions.h"

namespace latchkey::flow::browser_sessions_test {
namespace {

constexpr db::Statement<std::optional<bool>, SessionId> find_kind{
    "SELECT is_browser FROM sessions WHERE id = $1"};

class BrowserSessions : public FactorsWorld {
 protected:
  Origin by(LinkId who) const {
    Origin from = origin();
    from.browser = who;
    return from;
  }
  Result<sessions::TokenPair> sign_in(LinkId who) {
    return wait(features::password::log_in(
        services, by(who), {.email = "a@example.org", .password = Secret("correct horse battery")}));
  }
  const LinkId browser = crypto::new_link_id();
  const LinkId other = crypto::new_link_id();
};

TEST_P(BrowserSessions, NobodyGetsTokensForOne) {
  member("a@example.org");
  const auto pair = sign_in(browser).value();
  EXPECT_TRUE(pair.access_token.empty() && pair.refresh_token.empty());
  EXPECT_EQ(database.run_now(find_kind, pair.session), true);
  EXPECT_TRUE(database.run_now(store::sessions::find_browser, pair.session, now).has_value());

  const auto tokens = sign_in({}).value();
  EXPECT_FALSE(tokens.access_token.empty() || tokens.refresh_token.empty());
  EXPECT_EQ(database.run_now(find_kind, tokens.session), false);
  EXPECT_FALSE(database.run_now(store::sessions::find_browser, tokens.session, now).has_value())
      << "the id of a session with tokens is no cookie";
}

TEST_P(BrowserSessions, TheIdleLimitMovesForThoseOfBrowsersAlone) {
  member("a@example.org");
  const auto held = sign_in(browser).value().session;
  const auto tokens = sign_in({}).value().session;
  now += std::chrono::minutes(6);
  const auto move = [&](const SessionId& session) {
    return database
        .run_now(store::sessions::update_used, now, now + std::chrono::hours(1), session,
                 now - std::chrono::minutes(5))
        .rows;
  };
  EXPECT_EQ(move(held), 1);
  EXPECT_EQ(move(held), 0) << "once in five minutes";
  EXPECT_EQ(move(tokens), 0);
}

TEST_P(BrowserSessions, W24_ALoginTokenIsReadForItsBrowserAlone) {
  member("a@example.org");
  enrol(own("a@example.org"));
  const auto refused = sign_in(browser);
  ASSERT_EQ(refused.error().code, ErrorCode::second_factor_required);
  const std::string token = refused.error().step->login_token;
  const auto read = [&](LinkId who) { return wait(signin::read_login_token(services, by(who), token)); };
  EXPECT_TRUE(read(browser).has_value());
  EXPECT_EQ(read(other).error().code, ErrorCode::invalid_login_token);
  EXPECT_EQ(read({}).error().code, ErrorCode::invalid_login_token);
}

LATCHKEY_ON_EVERY_DATABASE(BrowserSessions);

}  // namespace
}  // namespace latchkey::flow::browser_sessions_test
