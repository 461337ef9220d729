// features/activity: an account's own history, in pages, and everything that is stored about it.

#include <algorithm>

#include "features/activity/export.h"
#include "features/activity/own_activity.h"
#include "flow/accounts/accounts.h"
#include "flow/world.h"

namespace latchkey::flow {
namespace {

using namespace std::chrono_literals;
namespace activity = features::activity;
namespace users = store::users;

constexpr db::Statement<db::Affected, Timestamp, std::string, std::string> insert_entry{
    "INSERT INTO audit (at, event, result, actor, target, address, request_id, detail) "
    "VALUES ($1, $2, 'ok', '', $3, '192.0.2.1', '', '')"};

class Activity : public World {
 protected:
  Subject subject(const std::string& email = "a@example.org") {
    return database.run_now(users::find_contact, email).value().subject;
  }
  activity::ActivityPage list(std::optional<std::int64_t> after = {}, std::int64_t limit = 100) {
    return wait(activity::list_activity(services, now, subject(), after, limit));
  }
  void happen(const std::string& event, const Subject& account) {
    database.run_now(insert_entry, now, event, to_string(account));
  }
};

LATCHKEY_ON_EVERY_DATABASE(Activity);

TEST_P(Activity, L47_IsTheAccountsOwnNewestFirstInPages) {
  member("a@example.org");
  member("b@example.org");
  const auto before = list().rows.size();
  for (int i = 0; i < 7; ++i) {
    happen("mine " + std::to_string(i), subject());
    happen("theirs", subject("b@example.org"));
  }
  std::vector<std::string> seen;
  std::optional<std::int64_t> after;
  do {
    const auto page = list(after, 3);
    EXPECT_LE(page.rows.size(), 3);
    for (const auto& row : page.rows) seen.push_back(row.event);
    after = page.next;
  } while (after.has_value());
  ASSERT_EQ(seen.size(), before + 7);
  for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(seen[i], "mine " + std::to_string(6 - i));
  EXPECT_EQ(std::ranges::count(seen, "theirs"), 0);
}

TEST_P(Activity, L47_EndsAfterNinetyDays) {
  member("a@example.org");
  happen("old", subject());
  now += 1s;
  happen("new", subject());
  now += 90 * 24h - 1s;
  const auto page = list();
  ASSERT_EQ(page.rows.size(), 1);
  EXPECT_EQ(page.rows[0].event, "new");
  EXPECT_FALSE(page.next.has_value());
  EXPECT_FALSE(list({}, 1).next.has_value()) << "what is too old makes no further page";
}

TEST_P(Activity, L47_NamesNoAdministrator) {
  member("a@example.org");
  member("b@example.org");
  const std::string own = to_string(subject());
  store::audit::Told entry;
  entry.actor = own;
  EXPECT_EQ(activity::word_for_actor(entry, own), "owner");
  entry.actor = "operator";
  EXPECT_EQ(activity::word_for_actor(entry, own), "operator");
  entry.actor = "";
  EXPECT_EQ(activity::word_for_actor(entry, own), "unknown");
  entry.actor = to_string(subject("b@example.org"));
  EXPECT_EQ(activity::word_for_actor(entry, own), "administrator");
}

TEST_P(Activity, L48_TheExportHasTheNewestOfALongHistory) {
  const UserId user = member("a@example.org");
  const std::string target = to_string(subject());
  auto fill = [&](db::Tx& tx) {
    for (int i = 0; i < 10'500; ++i) tx.run_later(insert_entry, now, std::string("sign_in"), target);
    return true;
  };
  database.write_now(fill);
  log_in("a@example.org").value();
  const auto stored = wait(activity::gather(services, origin(), asker(user)));
  ASSERT_TRUE(stored.has_value());
  EXPECT_EQ(stored->activity.size(), 10'000);
  EXPECT_FALSE(stored->activity_is_whole);
  EXPECT_EQ(stored->activity.front().event, "sign_in");
  EXPECT_EQ(stored->sessions.size(), 2);
  EXPECT_EQ(stored->devices.size(), 1);
  EXPECT_EQ(stored->settled.last_sign_in_at, now);
  EXPECT_EQ(list({}, 1).rows.at(0).event, "data_exported") << "the owner sees that somebody has exported";
}

TEST_P(Activity, L48_AnAccountThatIsGoneExportsNothing) {
  EXPECT_EQ(wait(activity::gather(services, origin(), {.user = UserId{12345}, .session = {}})).error().code,
            ErrorCode::user_not_found);
}

}  // namespace
}  // namespace latchkey::flow
