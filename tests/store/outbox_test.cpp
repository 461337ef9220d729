// store/outbox.h: a mail is claimed by one worker at a time and leaves only when it was sent.

#include "store/fixture.h"

namespace latchkey::store::test {
namespace {

class Outbox : public StoreTest {
 protected:
  std::vector<outbox::Mail> due(Timestamp at) {
    return database.run_now(outbox::list_due, at, std::int64_t{10});
  }
  std::optional<std::int64_t> claim(const outbox::Mail& mail) {
    return database.run_now(outbox::update_claimed, now + hour, mail.id, mail.next_try_at);
  }
};
LATCHKEY_ON_EVERY_DATABASE(Outbox);

TEST_P(Outbox, AMailIsDueAtOnceAndKnowsItsAccount) {
  const UserId user = add("a@example.com");
  const LinkId id = queue_mail(user, now);
  EXPECT_TRUE(due(now - Microseconds(1)).empty());
  const auto mails = due(now);
  ASSERT_EQ(mails.size(), 1U);
  EXPECT_EQ(mails[0].id, id);
  EXPECT_EQ(mails[0].message, "confirmation");
  EXPECT_EQ(mails[0].user_id, user);
  EXPECT_EQ(mails[0].subject, find(user).subject);
  EXPECT_EQ(mails[0].email, "a@example.com");
  EXPECT_EQ(mails[0].tries, 0);
  EXPECT_FALSE(mails[0].put_aside);
  EXPECT_EQ(database.run_now(outbox::find_next_due), now);
}

TEST_P(Outbox, OneOfManyWorkersClaimsAMail) {
  queue_mail(add("a@example.com"), now);
  const auto mail = due(now).front();
  EXPECT_EQ(ask_at_once(6, [&](int) { return claim(mail).has_value(); }), 1);
  EXPECT_TRUE(due(now).empty());
  // The lease of a worker that died runs out; then it is due again, with one try spent.
  const auto again = due(now + hour);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].tries, 1);
}

TEST_P(Outbox, AFailedMailWaitsAndOnePutAsideIsNotDue) {
  const LinkId first = queue_mail(add("a@example.com"), now);
  const LinkId second_mail = queue_mail(add("b@example.com"), now);
  database.run_now(outbox::update_failed, now + hour, "busy", first);
  database.run_now(outbox::update_put_aside, "no such mailbox", second_mail);
  EXPECT_TRUE(due(now).empty());
  const auto later = due(now + hour);
  ASSERT_EQ(later.size(), 1U);
  EXPECT_EQ(later[0].id, first);
  EXPECT_EQ(later[0].last_error, "busy");
  EXPECT_EQ(database.run_now(outbox::find_next_due), now + hour);
  EXPECT_EQ(database.run_now(outbox::list_all, LinkId{}, std::int64_t{10}).size(), 2U);
  // What was put aside can not be claimed either.
  EXPECT_FALSE(database.run_now(outbox::update_claimed, now + hour, second_mail, now).has_value());
}

TEST_P(Outbox, ALeaseIsMadeLongerByWhoeverHasIt) {
  const LinkId id = queue_mail(add("a@example.com"), now);
  ASSERT_TRUE(claim(due(now).front()).has_value());
  const auto renew = [&](Timestamp to, Timestamp end, Timestamp asked) {
    return database.run_now(outbox::update_lease, to, id, end, asked).rows;
  };
  const auto second_end = now + 2 * hour;
  EXPECT_EQ(renew(second_end, now + hour, now + hour), 1);
  EXPECT_TRUE(due(second_end - second).empty());
  EXPECT_EQ(renew(now + 3 * hour, now + hour, now + hour), 0) << "that lease is over";
  // Its answer was lost, and it was carried out: both ends are asked for.
  EXPECT_EQ(renew(second_end, now + hour, second_end), 1);
  EXPECT_EQ(due(second_end).front().tries, 1);

  ASSERT_TRUE(claim(due(second_end).front()).has_value());
  EXPECT_EQ(renew(now + 5 * hour, second_end, second_end), 0) << "somebody else has it now";
}

TEST_P(Outbox, OnlyTheLeaseThatIsMeantIsGivenUp) {
  const LinkId id = queue_mail(add("a@example.com"), now);
  ASSERT_TRUE(claim(due(now).front()).has_value());
  const auto release = [&](Timestamp lease_end) {
    return database.run_now(outbox::update_lease, now, id, lease_end, lease_end).rows;
  };
  EXPECT_EQ(release(now + 2 * hour), 0);
  EXPECT_TRUE(due(now).empty());
  EXPECT_EQ(release(now + hour), 1);
  ASSERT_EQ(due(now).size(), 1U);
  EXPECT_EQ(due(now)[0].tries, 1);

  claim(due(now).front());
  database.run_now(outbox::update_put_aside, "refused", id);
  EXPECT_EQ(release(now + hour), 0);
}

TEST_P(Outbox, ARetryStartsTheCountAndThePatienceAnew) {
  const LinkId aside = queue_mail(add("a@example.com"), now);
  const LinkId waits = queue_mail(add("b@example.com"), now);
  claim(due(now).front());
  database.run_now(outbox::update_put_aside, "refused", aside);
  database.run_now(outbox::update_failed, now + 3 * hour, "busy", waits);
  now += 2 * hour;
  EXPECT_EQ(database.run_now(outbox::update_retry_all, now).rows, 1);
  const auto mails = due(now);
  ASSERT_EQ(mails.size(), 1U);
  EXPECT_EQ(mails[0].id, aside);
  EXPECT_EQ(mails[0].tries, 0);
  EXPECT_EQ(mails[0].created_at, now);
  EXPECT_EQ(database.run_now(outbox::update_retry, now, waits).rows, 1);
  EXPECT_EQ(due(now).size(), 2U);
}

TEST_P(Outbox, WhatWasSentIsGone) {
  const UserId user = add("a@example.com");
  const LinkId id = queue_mail(user, now);
  const LinkId other = queue_mail(add("b@example.com"), now);
  queue_mail(user, now);
  EXPECT_EQ(database.run_now(outbox::delete_mail, id).rows, 1);
  EXPECT_EQ(database.run_now(outbox::delete_mail_of_user, user).rows, 1);
  const auto left = due(now);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].id, other);
  EXPECT_FALSE(database.run_now(outbox::update_claimed, now + hour, id, now).has_value());
}

TEST_P(Outbox, D09ARestoreDropsWhatWaitsAndWhatWasPutAside) {
  const UserId user = add("a@example.com");
  queue_mail(user, now);
  queue_mail(add("b@example.com"), now + hour);
  database.run_now(outbox::update_put_aside, "refused", queue_mail(user, now));
  EXPECT_EQ(database.run_now(outbox::count_all), 3);
  EXPECT_EQ(database.run_now(outbox::delete_all).rows, 3);
  EXPECT_EQ(database.run_now(outbox::count_all), 0);
  EXPECT_FALSE(database.run_now(outbox::find_next_due).has_value());
  EXPECT_EQ(find(user).email, "a@example.com") << "the accounts stay";
  EXPECT_EQ(database.run_now(outbox::delete_all).rows, 0);
}

TEST_P(Outbox, TheLongestWaitingComesFirst) {
  const LinkId young = queue_mail(add("a@example.com"), now);
  const LinkId old = queue_mail(add("b@example.com"), now - hour);
  const auto mails = due(now);
  ASSERT_EQ(mails.size(), 2U);
  EXPECT_EQ(mails[0].id, old);
  EXPECT_EQ(mails[1].id, young);
  EXPECT_EQ(database.run_now(outbox::list_due, now, std::int64_t{1}).front().id, old);
}

}  // namespace
}  // namespace latchkey::store::test
