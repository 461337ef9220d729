// store/users.h: what is unique, what is single-use, and what goes along with an account.

#include "store/fixture.h"

namespace latchkey::store::test {
namespace {

class Users : public StoreTest {};
LATCHKEY_ON_EVERY_DATABASE(Users);

TEST_P(Users, ANewAccountHasTheDefaults) {
  const auto made = row("Ann@example.com");
  const UserId id = insert(made).value();
  const auto user = find(id);
  EXPECT_EQ(user.subject, made.subject);
  EXPECT_EQ(user.email, "Ann@example.com");
  EXPECT_EQ(user.username, "somebody");
  EXPECT_FALSE(user.avatar.has_value());
  EXPECT_EQ(user.role, Role::user);
  EXPECT_FALSE(user.confirmed);
  EXPECT_TRUE(user.is_active);
  EXPECT_FALSE(user.has_live_session);
  EXPECT_EQ(user.created_at, now);
  EXPECT_EQ(user.updated_at, now);
  const auto credentials = database.run_now(users::find_credentials, "Ann@example.com").value();
  EXPECT_EQ(credentials.password_hash, "$hash$");
  EXPECT_EQ(credentials.failed_sign_ins, 0);
  EXPECT_LE(credentials.locked_until, now);
}

TEST_P(Users, S11AnAddressHasOneAccountHoweverManyAskAtOnce) {
  const auto sign_up = [&](int) { return insert(row("one@example.com")).has_value(); };
  EXPECT_EQ(ask_at_once(8, sign_up), 1);
  EXPECT_EQ(database.run_now(users::list_users, now, UserId{0}, std::int64_t{10}).size(), 1U);
}

TEST_P(Users, ARefusedInsertLeavesTheFirstAccountAsItWas) {
  const UserId id = add("ann@example.com");
  auto other = row("ann@example.com");
  other.username = "other";
  other.password_hash = "other";
  EXPECT_FALSE(insert(other).has_value());
  EXPECT_EQ(find(id).username, "somebody");
  EXPECT_EQ(database.run_now(users::find_credentials, "ann@example.com")->password_hash, "$hash$");
}

TEST_P(Users, UserNamesCollideOnlyWhereTheyHaveKeys) {
  auto first = row("a@example.com");
  auto other = row("b@example.com");
  auto third = row("c@example.com");
  auto fourth = row("d@example.com");
  first.username_key = other.username_key = "somebody";
  EXPECT_TRUE(insert(first).has_value());
  EXPECT_FALSE(insert(other).has_value());
  const auto without = insert(third);
  EXPECT_TRUE(without.has_value());
  EXPECT_TRUE(insert(fourth).has_value());
  EXPECT_EQ(database.run_now(users::find_by_username_key, "somebody"), find(UserId{1}).id);

  const auto keyless = database.run_now(users::list_without_username_key, UserId{0}, std::int64_t{10});
  ASSERT_EQ(keyless.size(), 2U);
  EXPECT_EQ(keyless.front().id, *without);
  EXPECT_EQ(database.run_now(users::update_username_key, "unlike", *without).rows, 1);
  EXPECT_EQ(database.run_now(users::list_without_username_key, UserId{0}, std::int64_t{10}).size(), 1U);
}

TEST_P(Users, AnIdIsNeverGivenTwice) {
  const UserId first = add("a@example.com");
  EXPECT_EQ(database.run_now(users::delete_user, first).rows, 1);
  EXPECT_GT(add("a@example.com").value, first.value);
}

TEST_P(Users, C02AConfirmationIsConsumedOnce) {
  const auto user = row("a@example.com");
  const UserId id = insert(user).value();
  const auto later = now + second;
  EXPECT_FALSE(
      database.run_now(users::consume_confirmation, later, user.subject, "b@example.com").has_value());
  EXPECT_FALSE(find(id).confirmed);
  EXPECT_EQ(database.run_now(users::consume_confirmation, later, user.subject, "a@example.com"), id);
  EXPECT_TRUE(find(id).confirmed);
  EXPECT_EQ(find(id).updated_at, later);
  EXPECT_FALSE(database.run_now(users::consume_confirmation, later + second, user.subject, "a@example.com")
                   .has_value());
  EXPECT_EQ(find(id).updated_at, later);
}

TEST_P(Users, OnlyAnUnconfirmedAccountCanBeDisowned) {
  const auto user = row("a@example.com");
  const UserId id = insert(user).value();
  queue_mail_in_outbox(id, now);
  EXPECT_FALSE(database.run_now(users::delete_unconfirmed, user.subject, "b@example.com").has_value());
  const UserId confirmed = add_confirmed("c@example.com");
  EXPECT_FALSE(
      database.run_now(users::delete_unconfirmed, find(confirmed).subject, "c@example.com").has_value());
  EXPECT_EQ(database.run_now(users::delete_unconfirmed, user.subject, "a@example.com"), id);
  EXPECT_FALSE(database.run_now(users::find_user, now, id).has_value());
  EXPECT_TRUE(database.run_now(mails::former.list_all, LinkId{}, std::int64_t{10}).empty());
  EXPECT_TRUE(database.run_now(users::find_user, now, confirmed).has_value());
}

TEST_P(Users, ANewMailIsGrantedOnceAnInterval) {
  const UserId id = add("a@example.com");
  const auto ask = [&](UserId user, Timestamp at) {
    return database.run_now(users::update_mailed_at, at, user, at - Microseconds(std::chrono::minutes(1)))
        .has_value();
  };
  EXPECT_FALSE(ask(id, now + 59 * second));  // sign-up mailed at `now`
  EXPECT_TRUE(ask(id, now + 60 * second));
  EXPECT_FALSE(ask(id, now + 61 * second));
  EXPECT_FALSE(ask(add_confirmed("b@example.com"), now + hour));
  database.run_now(users::update_is_active, false, now, id);
  EXPECT_FALSE(ask(id, now + hour));
}

TEST_P(Users, B08SessionsAndMailGoWithTheirAccount) {
  const UserId gone = add("a@example.com");
  const UserId stays = add("b@example.com");
  const SessionId session = open(gone);
  const SessionId other = open(stays);
  queue_mail_in_outbox(gone, now);
  queue_mail_in_outbox(stays, now);
  EXPECT_EQ(database.run_now(users::delete_user, gone).rows, 1);
  EXPECT_FALSE(database.run_now(sessions::find_line, session).has_value());
  EXPECT_TRUE(database.run_now(sessions::find_line, other).has_value());
  const auto left = database.run_now(mails::former.list_all, LinkId{}, std::int64_t{10});
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left.front().user_id, stays);
  EXPECT_EQ(database.run_now(users::delete_user, gone).rows, 0);
}

TEST_P(Users, AnAccountIsActiveWhileASessionIsInsideBothLimits) {
  const UserId id = add("a@example.com");
  open(id);
  const auto active_at = [&](Timestamp at) {
    return database.run_now(users::find_user, at, id)->has_live_session;
  };
  EXPECT_TRUE(active_at(now));
  EXPECT_TRUE(active_at(now + hour - Microseconds(1)));
  EXPECT_FALSE(active_at(now + hour));
}

TEST_P(Users, ExpiredUnconfirmedAccountsGoInBatchesTheOldestFirst) {
  std::vector<UserId> ids;
  for (int i = 0; i < 3; ++i) {
    auto user = row("old" + std::to_string(i) + "@example.com");
    user.now = now - (10 - i) * hour;
    ids.push_back(insert(user).value());
  }
  auto kept = row("confirmed@example.com");
  kept.now = now - 20 * hour;
  kept.confirmed = true;
  const UserId confirmed = insert(kept).value();
  const UserId young = add("young@example.com");
  EXPECT_EQ(database.run_now(users::delete_expired_unconfirmed, now - 8 * hour, std::int64_t{2}).rows, 2);
  EXPECT_FALSE(database.run_now(users::find_user, now, ids[0]).has_value());
  EXPECT_FALSE(database.run_now(users::find_user, now, ids[1]).has_value());
  EXPECT_TRUE(database.run_now(users::find_user, now, ids[2]).has_value());
  EXPECT_EQ(database.run_now(users::delete_expired_unconfirmed, now - 8 * hour, std::int64_t{2}).rows, 1);
  EXPECT_EQ(database.run_now(users::delete_expired_unconfirmed, now - 8 * hour, std::int64_t{2}).rows, 0);
  EXPECT_TRUE(database.run_now(users::find_user, now, confirmed).has_value());
  EXPECT_TRUE(database.run_now(users::find_user, now, young).has_value());
}

TEST_P(Users, AnExpiredHolderOfAnAddressOrANameGoesAndNobodyElse) {
  const auto made = [&](const std::string& email, std::optional<std::string> key, Microseconds ago) {
    auto user = row(email);
    user.username_key = std::move(key);
    user.now = now - ago;
    return user;
  };
  const UserId by_address = insert(made("a@example.com", std::nullopt, 9 * hour)).value();
  const UserId by_name = insert(made("b@example.com", "taken", 9 * hour)).value();
  const UserId other = insert(made("c@example.com", "free", 9 * hour)).value();
  const UserId young = insert(made("d@example.com", std::nullopt, 7 * hour)).value();
  auto sure = made("e@example.com", std::nullopt, 9 * hour);
  sure.confirmed = true;
  const UserId confirmed = insert(sure).value();
  const auto remove = [&](const std::string& email, const std::optional<std::string>& key) {
    return database.run_now(users::delete_expired_unconfirmed_holders, now - 8 * hour, email, key).rows;
  };
  EXPECT_EQ(remove("d@example.com", std::nullopt), 0) << "not its time";
  EXPECT_EQ(remove("e@example.com", std::nullopt), 0) << "confirmed";
  EXPECT_EQ(remove("nobody@example.com", std::nullopt), 0) << "without a name none is asked for";
  EXPECT_EQ(remove("a@example.com", "taken"), 2);
  for (const UserId gone : {by_address, by_name})
    EXPECT_FALSE(database.run_now(users::find_user, now, gone).has_value());
  for (const UserId kept : {other, young, confirmed})
    EXPECT_TRUE(database.run_now(users::find_user, now, kept).has_value());
}

TEST_P(Users, AnAccountIsFoundByItsAddressAsItIsKept) {
  auto user = row("Ann@example.com");
  user.email_key = "ann@example.com";
  user.role = Role::moderator;
  const UserId id = insert(user).value();
  add("bob@example.com");
  const auto found = database.run_now(users::find_user_by_email, now, "ann@example.com");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->id, id);
  EXPECT_EQ(found->email, "Ann@example.com");
  EXPECT_EQ(found->role, Role::moderator);
  EXPECT_FALSE(found->has_live_session);
  open(id);
  EXPECT_TRUE(database.run_now(users::find_user_by_email, now, "ann@example.com")->has_live_session);
  EXPECT_FALSE(database.run_now(users::find_user_by_email, now + hour, "ann@example.com")->has_live_session);
  // The key is compared, byte for byte.
  EXPECT_FALSE(database.run_now(users::find_user_by_email, now, "Ann@example.com").has_value());
  EXPECT_FALSE(database.run_now(users::find_user_by_email, now, "").has_value());
}

TEST_P(Users, AContactIsTheSameByAddressAndBySubject) {
  auto user = row("Ann@example.com");
  user.email_key = "ann@example.com";
  const UserId id = insert(user).value();
  add("bob@example.com");
  const auto check = [&](const std::optional<users::Contact>& found) {
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->id, id);
    EXPECT_EQ(found->subject, user.subject);
    EXPECT_EQ(found->email, "Ann@example.com");
    EXPECT_EQ(found->email_key, "ann@example.com");
    EXPECT_EQ(found->username, "somebody");
    EXPECT_FALSE(found->confirmed);
    EXPECT_TRUE(found->is_active);
    EXPECT_EQ(found->created_at, now);
  };
  check(database.run_now(users::find_contact, "ann@example.com"));
  check(database.run_now(users::find_contact_by_subject, user.subject));
  EXPECT_FALSE(database.run_now(users::find_contact, "Ann@example.com").has_value());
  EXPECT_FALSE(database.run_now(users::find_contact_by_subject, crypto::new_subject()).has_value());

  database.run_now(users::consume_confirmation, now + second, user.subject, "ann@example.com");
  database.run_now(users::update_is_active, false, now + second, id);
  for (const auto& now_is : {database.run_now(users::find_contact, "ann@example.com"),
                             database.run_now(users::find_contact_by_subject, user.subject)}) {
    EXPECT_TRUE(now_is->confirmed);
    EXPECT_FALSE(now_is->is_active);
    EXPECT_EQ(now_is->created_at, now);
  }
}

TEST_P(Users, B06OnlyConfirmedUnblockedAdministratorsCount) {
  const UserId first = add_confirmed("a@example.com", Role::admin);
  const auto others = [&] { return database.run_now(users::count_other_administrators, first).value(); };
  EXPECT_EQ(others(), 0);
  add_confirmed("user@example.com");
  add_confirmed("moderator@example.com", Role::moderator);
  auto unconfirmed = row("b@example.com");
  unconfirmed.role = Role::admin;
  insert(unconfirmed);
  EXPECT_EQ(others(), 0);
  const UserId other = add_confirmed("c@example.com", Role::admin);
  EXPECT_EQ(others(), 1);
  database.run_now(users::update_is_active, false, now, other);
  EXPECT_EQ(others(), 0);
  EXPECT_EQ(database.run_now(users::find_any_administrator), first);
  EXPECT_EQ(database.run_now(users::update_role, Role::user, now, first).rows, 1);
  EXPECT_NE(database.run_now(users::find_any_administrator), first);
}

TEST_P(Users, PagesFollowTheIds) {
  std::vector<UserId> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(add("u" + std::to_string(i) + "@example.com"));
  const auto first = database.run_now(users::list_users, now, UserId{0}, std::int64_t{2});
  const auto rest = database.run_now(users::list_users, now, ids[1], std::int64_t{9});
  ASSERT_EQ(first.size(), 2U);
  ASSERT_EQ(rest.size(), 3U);
  EXPECT_EQ(first[1].id, ids[1]);
  EXPECT_EQ(rest[0].id, ids[2]);
}

}  // namespace
}  // namespace latchkey::store::test
