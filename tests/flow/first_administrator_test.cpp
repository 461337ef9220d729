#include "features/first_administrator/make.h"

#include <gtest/gtest.h>

#include "flow/accounts/first_link.h"
#include "flow/accounts/first_start.h"
#include "flow/world.h"

namespace latchkey::flow {
namespace {

constexpr db::Statement<std::optional<std::int64_t>> count_all_accounts{"SELECT count(*) FROM users"};
constexpr db::Statement<std::optional<std::string>, std::string> find_actor{
    "SELECT actor FROM audit WHERE event = $1"};

class FirstAdministrator : public World {
 protected:
  static features::first_administrator::Wanted wanted(const std::string& email = "ada@example.org",
                                                      const std::string& password = "correct horse battery") {
    return {.email = email, .username = "Ada", .password = Secret(password)};
  }
  Result<store::users::User> make(features::first_administrator::Wanted who) {
    return wait(features::first_administrator::make_first_administrator(services, origin(), std::move(who)));
  }
  bool is_missing() { return wait(features::first_administrator::is_missing(services)); }
  std::int64_t count() { return database.run_now(count_all_accounts).value(); }
};
LATCHKEY_ON_EVERY_DATABASE(FirstAdministrator);

TEST_P(FirstAdministrator, IsMadeConfirmedAndCanSignInAtOnce) {
  EXPECT_TRUE(is_missing());
  const auto made = make(wanted());
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->role, Role::admin);
  EXPECT_TRUE(made->confirmed && made->is_active);
  EXPECT_FALSE(is_missing());
  EXPECT_TRUE(waiting_mails().empty());
  EXPECT_TRUE(log_in("ada@example.org").has_value());
  EXPECT_EQ(database.run_now(find_actor, "user_added"), "operator");
}

TEST_P(FirstAdministrator, A05_ThereIsNoSecondOne) {
  ASSERT_TRUE(make(wanted()).has_value());
  EXPECT_EQ(make(wanted("eve@example.org")).error().code, ErrorCode::invalid_link);
  EXPECT_EQ(count(), 1);
}

TEST_P(FirstAdministrator, A05_OfManyAtOnceOneIsMade) {
  constexpr int times = 12;
  int answered = 0;
  int made = 0;
  for (int i = 0; i < times; ++i) {
    auto who = wanted("ada" + std::to_string(i) + "@example.org");
    auto flow = features::first_administrator::make_first_administrator(services, origin(), std::move(who));
    asio::co_spawn(io, std::move(flow), [&](std::exception_ptr failed, Result<store::users::User> result) {
      ++answered;
      if (failed == nullptr && result.has_value()) {
        ++made;
      } else if (failed == nullptr) {
        EXPECT_EQ(result.error().code, ErrorCode::invalid_link);
      } else {
        ADD_FAILURE() << "a flow threw";
      }
    });
  }
  io.restart();
  while (answered < times && io.run_one() > 0) continue;
  EXPECT_EQ(made, 1);
  EXPECT_EQ(count(), 1);
}

TEST_P(FirstAdministrator, WhatIsWrongWithTheAccountChangesNothing) {
  EXPECT_EQ(make(wanted("no address")).error().code, ErrorCode::validation_failed);
  EXPECT_EQ(make(wanted("ada@example.org", "password123")).error().code, ErrorCode::validation_failed);
  EXPECT_EQ(count(), 0);
  const UserId member_of_before = member("ada@example.org");
  EXPECT_EQ(make(wanted()).error().code, ErrorCode::account_exists);
  EXPECT_EQ(database.run_now(store::users::find_user, now, member_of_before)->role, Role::user)
      << "an account that is there stays what it is";
  EXPECT_TRUE(is_missing());
}

TEST_P(FirstAdministrator, ABlockedOrUnconfirmedOneDoesNotCount) {
  const UserId first = member("a@example.org");
  const auto block = [&](db::Tx& tx) {
    tx.run(store::users::update_role, Role::admin, now, first);
    tx.run(store::users::update_is_active, false, now, first);
  };
  database.write_now(block);
  EXPECT_TRUE(is_missing());
  EXPECT_TRUE(make(wanted()).has_value());
}

TEST(FirstLink, OpensOnlyWithItsTokenUntilItIsClosed) {
  accounts::FirstLink link;
  EXPECT_FALSE(link.opens(""));
  const std::string token = link.open();
  EXPECT_EQ(token.size(), 43U);
  EXPECT_TRUE(link.opens(token));
  EXPECT_FALSE(link.opens(""));
  EXPECT_FALSE(link.opens(token.substr(1)));
  EXPECT_FALSE(link.opens(token + "x"));
  accounts::FirstLink other;
  EXPECT_NE(other.open(), token) << "another start has another one";
  EXPECT_FALSE(other.opens(token));
  link.close();
  EXPECT_FALSE(link.opens(token));
}

}  // namespace
}  // namespace latchkey::flow
