// store/mail_codes.h, store/spent.h, and what raises and compares users.security_version.

#include <algorithm>

#include "store/fixture.h"
#include "store/mail_codes.h"
#include "store/spent.h"

namespace latchkey::store::test {
namespace {

constexpr db::Statement<std::optional<std::int64_t>> count_codes{"SELECT count(*) FROM mail_codes"};

class SingleUse : public StoreTest {
 protected:
  LinkId add_code(UserId user, Timestamp expires_at, const std::string& purpose = "reset") {
    const LinkId id = crypto::new_link_id();
    database.run_now(mail_codes::insert_code, id, purpose, "detail", expires_at, DeviceId{}, false, user);
    return id;
  }
  std::optional<mail_codes::Tried> try_it(const LinkId& id, Timestamp at,
                                          const std::string& purpose = "reset") {
    return database.run_now(mail_codes::count_try, id, purpose, std::int64_t{5}, at);
  }
  users::Contact contact(const std::string& email) {
    return database.run_now(users::find_contact, email).value();
  }
};
LATCHKEY_ON_EVERY_DATABASE(SingleUse);

TEST_P(SingleUse, ACodeHasFewTriesAndATime) {
  const UserId user = add("a@example.com");
  database.run_now(users::update_role, Role::moderator, now, user);
  const LinkId id = add_code(user, now + hour);
  database.run_now(users::update_role, Role::user, now, user);
  EXPECT_FALSE(try_it(id, now, "sign_in").has_value()) << "another purpose";
  EXPECT_FALSE(try_it(crypto::new_link_id(), now).has_value());
  for (int i = 1; i <= 5; ++i) {
    const auto tried = try_it(id, now);
    ASSERT_TRUE(tried.has_value());
    EXPECT_EQ(tried->tries, i);
    EXPECT_EQ(tried->user_id, user);
    EXPECT_EQ(tried->version, 1) << "the account's when the code was made";
    EXPECT_EQ(tried->detail, "detail");
  }
  EXPECT_FALSE(try_it(id, now).has_value());
  EXPECT_EQ(database.run_now(mail_codes::give_try_back, id).rows, 1);
  EXPECT_EQ(try_it(id, now)->tries, 5);
  const LinkId late = add_code(user, now + hour);
  EXPECT_TRUE(try_it(late, now + hour - second).has_value());
  EXPECT_FALSE(try_it(late, now + hour).has_value());
}

TEST_P(SingleUse, OfFortyTriesAtOnceFiveAreCounted) {
  const LinkId id = add_code(add("a@example.com"), now + hour);
  EXPECT_EQ(ask_at_once(40, [&](int) { return try_it(id, now).has_value(); }), 5);
}

TEST_P(SingleUse, CodesGoWithTheirAccountAndNobodyElses) {
  const UserId user = add("a@example.com");
  const UserId other = add("b@example.com");
  add_code(user, now + hour);
  add_code(user, now + hour);
  const LinkId kept = add_code(other, now + hour);
  EXPECT_EQ(database.run_now(mail_codes::delete_codes_of_user, user).rows, 2);
  add_code(user, now + hour);
  database.run_now(users::delete_user, user);
  EXPECT_EQ(database.run_now(count_codes), 1);
  EXPECT_EQ(database.run_now(mail_codes::delete_code, kept).rows, 1);
}

TEST_P(SingleUse, L50_CodesThatWereSentAreCountedByAccountPurposeDeviceAndTime) {
  const UserId user = add("a@example.com");
  const DeviceId home{{1}};
  const auto sent_from = [&](const DeviceId& device, bool known, Timestamp expires_at) {
    const LinkId id = crypto::new_link_id();
    database.run_now(mail_codes::insert_code, id, "reset", "", expires_at, device, known, user);
    return id;
  };
  const auto sent = [&](bool known, const DeviceId& device) {
    return database
        .run_now(mail_codes::count_sent, now + 2 * hour - second, now + hour - second, user, "reset", now,
                 known, device, now - 2 * second)
        .value();
  };
  const auto none = sent(false, home);
  EXPECT_EQ(none.since_day, 0);
  EXPECT_EQ(none.since_hour, 0);
  EXPECT_FALSE(none.last.has_value() || none.last_of_device.has_value());
  sent_from({}, false, now - second);
  const LinkId elsewhere = sent_from({}, false, now + hour);
  const LinkId older = sent_from(home, true, now + hour);
  const LinkId newest = sent_from(home, true, now + 2 * hour);
  add_code(user, now + 3 * hour, "sign_in");
  add_code(add("b@example.com"), now + 3 * hour);
  const auto unknown = sent(false, home);
  EXPECT_EQ(std::tuple(unknown.since_interval, unknown.since_hour, unknown.since_day), std::tuple(0, 1, 2));
  EXPECT_FALSE(unknown.last_of_device.has_value());
  EXPECT_EQ(unknown.last, newest);
  EXPECT_EQ(sent(false, {}).last_of_device, elsewhere);
  const auto known = sent(true, home);
  EXPECT_EQ(std::tuple(known.since_interval, known.since_hour, known.since_day), std::tuple(1, 2, 2));
  EXPECT_EQ(known.last_of_device, newest);
  database.run_now(mail_codes::delete_code, newest);
  EXPECT_EQ(sent(true, home).last_of_device, older);
}

TEST_P(SingleUse, L50_TriesOfOthersAreCountedApart) {
  const LinkId id = add_code(add("a@example.com"), now + hour);
  const auto others = [&] {
    return database.run_now(mail_codes::count_other_try, id, "reset", std::int64_t{5}, now);
  };
  for (int i = 1; i <= 5; ++i) EXPECT_EQ(others()->tries, i);
  EXPECT_FALSE(others().has_value());
  EXPECT_EQ(try_it(id, now)->tries, 1);
  EXPECT_EQ(database.run_now(mail_codes::give_other_try_back, id).rows, 1);
  EXPECT_EQ(others()->tries, 5);
}

TEST_P(SingleUse, OfFortyThatSpendOneIdAtOnceOneWins) {
  const LinkId id = crypto::new_link_id();
  const auto spend = [&](int) { return database.run_now(spent::consume_id, id, now + hour).has_value(); };
  EXPECT_EQ(ask_at_once(40, spend), 1);
  EXPECT_FALSE(spend(0));
  EXPECT_TRUE(database.run_now(spent::consume_id, crypto::new_link_id(), now + hour).has_value());
}

TEST_P(SingleUse, WhatHasExpiredLeavesAPageAtATime) {
  const UserId user = add("a@example.com");
  for (int i = 0; i < 4; ++i) {
    add_code(user, now + i * hour);
    database.run_now(spent::consume_id, crypto::new_link_id(), now + i * hour);
  }
  const auto codes = database.run_now(mail_codes::list_walked, now + hour, LinkId{}, std::int64_t{10});
  ASSERT_EQ(codes.size(), 4U);
  EXPECT_EQ(std::ranges::count(codes, true, &mail_codes::Walked::has_expired), 2);
  EXPECT_EQ(database.run_now(mail_codes::list_walked, now, codes[1].id, std::int64_t{10}).size(), 2U);
  EXPECT_EQ(database.run_now(mail_codes::delete_expired_between, LinkId{}, codes.back().id, now + hour).rows,
            2);
  const auto ids = database.run_now(spent::list_walked, now + hour, LinkId{}, std::int64_t{10});
  ASSERT_EQ(ids.size(), 4U);
  EXPECT_EQ(std::ranges::count(ids, true, &spent::Walked::has_expired), 2);
  EXPECT_EQ(database.run_now(spent::delete_expired_between, LinkId{}, ids.back().id, now + hour).rows, 2);
  EXPECT_EQ(database.run_now(spent::list_walked, now + hour, LinkId{}, std::int64_t{10}).size(), 2U);
  EXPECT_EQ(database.run_now(mail_codes::delete_all).rows, 2);
}

TEST_P(SingleUse, BlockAndRoleRaiseTheSecurityVersion) {
  const UserId user = add("a@example.com");
  EXPECT_EQ(contact("a@example.com").security_version, 0);
  database.run_now(users::update_is_active, false, now, user);
  EXPECT_EQ(contact("a@example.com").security_version, 1);
  database.run_now(users::update_is_active, true, now, user);
  database.run_now(users::update_role, Role::moderator, now, user);
  EXPECT_EQ(contact("a@example.com").security_version, 3);
  EXPECT_EQ(database.run_now(users::find_credentials, "a@example.com")->security_version, 3);
  EXPECT_EQ(database.run_now(users::find_contact_by_id, user)->security_version, 3);
}

TEST_P(SingleUse, ANewPasswordComparesTheVersionAndRaisesIt) {
  const UserId user = add("a@example.com");
  const auto set = [&](const std::string& hash, std::int64_t version) {
    return database.run_now(users::update_password_by_mail, hash, now, user, version).has_value();
  };
  EXPECT_FALSE(set("new", 1));
  EXPECT_EQ(database.run_now(users::find_credentials, "a@example.com")->password_hash, "$hash$");
  EXPECT_TRUE(set("new", 0));
  const auto after = database.run_now(users::find_credentials, "a@example.com").value();
  EXPECT_EQ(after.password_hash, "new");
  EXPECT_EQ(after.security_version, 1);
  EXPECT_TRUE(after.confirmed);
  EXPECT_FALSE(set("newer", 0)) << "the link that was used";
  database.run_now(users::update_is_active, false, now, user);
  EXPECT_FALSE(set("newer", 2)) << "a blocked account";
}

TEST_P(SingleUse, OfFortyNewPasswordsAtOnceOneIsSet) {
  const UserId user = add("a@example.com");
  const auto set = [&](int i) {
    return database.run_now(users::update_password_by_mail, std::to_string(i), now, user, std::int64_t{0})
        .has_value();
  };
  EXPECT_EQ(ask_at_once(40, set), 1);
  EXPECT_EQ(contact("a@example.com").security_version, 1);
}

TEST_P(SingleUse, ABlockedAccountIsHeldForNoMail) {
  const UserId user = add("a@example.com");
  EXPECT_TRUE(database.run_now(users::update_link_mailed_at, now, user).has_value());
  database.run_now(users::update_is_active, false, now, user);
  EXPECT_FALSE(database.run_now(users::update_link_mailed_at, now, user).has_value());
}

TEST_P(SingleUse, C80_AnAddressIsProvedOnceWhateverWasNeededForSigningIn) {
  auto account = row("a@example.com");
  account.confirmed = account.is_unproved = true;
  const UserId user = insert(account).value();
  EXPECT_TRUE(contact("a@example.com").confirmed);
  EXPECT_FALSE(contact("a@example.com").is_proved);
  EXPECT_FALSE(database.run_now(users::find_user, now, user)->is_proved);
  const auto confirm = [&] {
    return database.run_now(users::consume_confirmation, now, account.subject, account.email_key).has_value();
  };
  EXPECT_TRUE(confirm());
  EXPECT_FALSE(confirm());
  EXPECT_TRUE(contact("a@example.com").is_proved);
}

}  // namespace
}  // namespace latchkey::store::test
