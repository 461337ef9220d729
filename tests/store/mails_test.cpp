// store/mails.h: a mail is claimed by one worker at a time and leaves only when it was sent, from the table
// of this program and from that of programs up to 0.1.0.

#include "store/fixture.h"

namespace latchkey::store::test {
namespace {

/// What is asked of both tables, asked of `mails`.
class Mails : public StoreTest {
 protected:
  virtual const mails::Queue& queue() const { return mails::current; }
  virtual LinkId put(UserId user, Timestamp at) { return queue_mail(user, at); }

  std::vector<mails::Mail> due(Timestamp at) {
    return database.run_now(queue().list_due, at, std::int64_t{10});
  }
  std::optional<std::int64_t> claim(const mails::Mail& mail) {
    return database.run_now(queue().update_claimed, now + hour, mail.id, mail.next_try_at);
  }
  std::vector<mails::Mail> all() { return database.run_now(queue().list_all, LinkId{}, std::int64_t{100}); }

  void OneOfManyWorkersClaimsAMail();
  void AFailedMailWaitsAndOnePutAsideIsNotDue();
  void ALeaseIsMadeLongerByWhoeverHasIt();
  void OnlyTheLeaseThatIsMeantIsGivenUp();
  void ARetryStartsTheCountAndThePatienceAnew();
  void WhatWasSentIsGone();
  void D09ARestoreDropsWhatWaitsAndWhatWasPutAside();
  void TheLongestWaitingComesFirst();
};
class Outbox : public Mails {
  const mails::Queue& queue() const override { return mails::former; }
  LinkId put(UserId user, Timestamp at) override { return queue_mail_in_outbox(user, at); }
};
LATCHKEY_ON_EVERY_DATABASE(Mails);
LATCHKEY_ON_EVERY_DATABASE(Outbox);

#define LATCHKEY_TEST_OF_BOTH(name) \
  TEST_P(Mails, name) { name(); }   \
  TEST_P(Outbox, name) { name(); }  \
  void Mails::name()

TEST_P(Mails, AMailIsDueAtOnceAndIsWhatWasWritten) {
  const UserId user = add("a@example.com");
  const LinkId id = crypto::new_link_id();
  database.run_now(mails::insert_mail, id, user, "password_reset", "b@example.org", "de-AT", R"({"x":"y"})",
                   "reset", now);
  EXPECT_TRUE(due(now - Microseconds(1)).empty());
  const auto found = due(now);
  ASSERT_EQ(found.size(), 1U);
  const mails::Mail& mail = found[0];
  EXPECT_EQ(mail.id, id);
  EXPECT_EQ(mail.user_id, user);
  EXPECT_EQ(std::tuple(mail.message, mail.recipient, mail.locale, mail.parameters, mail.link),
            std::tuple("password_reset", "b@example.org", "de-AT", R"({"x":"y"})", "reset"));
  EXPECT_EQ(mail.created_at, now);
  EXPECT_EQ(mail.tries, 0);
  EXPECT_FALSE(mail.put_aside);
  EXPECT_EQ(database.run_now(mails::current.find_next_due), now);
}

TEST_P(Mails, AMailIsWrittenWithTheAccountOfASubjectOrNotAtAll) {
  const auto account = row("a@example.com");
  const UserId user = insert(account).value();
  const auto write = [&](const Subject& subject) {
    return database
        .run_now(mails::insert_mail_to_subject, crypto::new_link_id(), "confirmation", "a@example.com", "",
                 "", "confirmation", now, subject)
        .rows;
  };
  EXPECT_EQ(write(crypto::new_subject()), 0);
  EXPECT_TRUE(all().empty());
  EXPECT_EQ(write(account.subject), 1);
  ASSERT_EQ(all().size(), 1U);
  EXPECT_EQ(all()[0].user_id, user);
  EXPECT_EQ(all()[0].recipient, "a@example.com");
}

TEST_P(Mails, NoticesOutliveTheirAccountAndLinksAreDroppedForIt) {
  const UserId user = add("a@example.com");
  const LinkId notice = queue_mail(user, now, "");
  const LinkId reset = queue_mail(user, now, "reset");
  queue_mail(user, now, "confirmation");
  const LinkId others = queue_mail(add("b@example.com"), now, "confirmation");
  EXPECT_EQ(database.run_now(mails::current.delete_links_for, user, "confirmation").rows, 1);
  EXPECT_EQ(all().size(), 3U);
  EXPECT_EQ(database.run_now(mails::current.delete_links, user).rows, 1) << to_string(reset);
  database.run_now(users::delete_user, user);
  const auto left = all();
  ASSERT_EQ(left.size(), 2U);
  for (const auto& mail : left) EXPECT_TRUE(mail.id == notice || mail.id == others);
}

TEST_P(Mails, WhatWasPutAsideAndNobodyWillAskForGoesInBatches) {
  const UserId gone = add("gone@example.com");
  const UserId user = add("a@example.com");
  const LinkId of_gone = queue_mail(gone, now, "confirmation");
  const LinkId notice_to_gone = queue_mail(gone, now, "");
  const LinkId to_stranger = queue_mail(UserId{}, now, "invitation");
  const LinkId young = queue_mail(user, now, "confirmation");
  const LinkId old = queue_mail(user, now - 2 * hour, "confirmation");
  const LinkId waits = queue_mail(user, now - 2 * hour, "confirmation");
  for (const LinkId id : {of_gone, notice_to_gone, to_stranger, young, old})
    database.run_now(mails::current.update_put_aside, "refused", id);
  database.run_now(users::delete_user, gone);
  const auto remove = [&] {
    return database.run_now(mails::delete_abandoned, now - hour, std::int64_t{1}).rows;
  };
  EXPECT_EQ(remove(), 1);
  EXPECT_EQ(remove(), 1);
  EXPECT_EQ(remove(), 0);
  const auto left = all();
  ASSERT_EQ(left.size(), 4U);
  for (const auto& mail : left) {
    EXPECT_TRUE(mail.id == notice_to_gone || mail.id == to_stranger || mail.id == young || mail.id == waits);
  }
}

TEST_P(Outbox, AMailOfAFormerProgramGoesToItsAccountAndCarriesItsLink) {
  const UserId user = add("a@example.com");
  const LinkId id = queue_mail_in_outbox(user, now);
  const auto found = due(now);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].id, id);
  EXPECT_EQ(found[0].user_id, user);
  EXPECT_EQ(
      std::tuple(found[0].message, found[0].recipient, found[0].locale, found[0].parameters, found[0].link),
      std::tuple("confirmation", "a@example.com", "", "", "confirmation"));
  EXPECT_EQ(found[0].created_at, now);
}

LATCHKEY_TEST_OF_BOTH(OneOfManyWorkersClaimsAMail) {
  put(add("a@example.com"), now);
  const auto mail = due(now).front();
  EXPECT_EQ(ask_at_once(6, [&](int) { return claim(mail).has_value(); }), 1);
  EXPECT_TRUE(due(now).empty());
  // The lease of a worker that died runs out; then it is due again, with one try spent.
  const auto again = due(now + hour);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].tries, 1);
}

LATCHKEY_TEST_OF_BOTH(AFailedMailWaitsAndOnePutAsideIsNotDue) {
  const LinkId first = put(add("a@example.com"), now);
  const LinkId second_mail = put(add("b@example.com"), now);
  database.run_now(queue().update_failed, now + hour, "busy", first);
  database.run_now(queue().update_put_aside, "no such mailbox", second_mail);
  EXPECT_TRUE(due(now).empty());
  const auto later = due(now + hour);
  ASSERT_EQ(later.size(), 1U);
  EXPECT_EQ(later[0].id, first);
  EXPECT_EQ(later[0].last_error, "busy");
  EXPECT_EQ(database.run_now(queue().find_next_due), now + hour);
  EXPECT_EQ(database.run_now(queue().list_all, LinkId{}, std::int64_t{10}).size(), 2U);
  // What was put aside can not be claimed either.
  EXPECT_FALSE(database.run_now(queue().update_claimed, now + hour, second_mail, now).has_value());
}

LATCHKEY_TEST_OF_BOTH(ALeaseIsMadeLongerByWhoeverHasIt) {
  const LinkId id = put(add("a@example.com"), now);
  ASSERT_TRUE(claim(due(now).front()).has_value());
  const auto renew = [&](Timestamp to, Timestamp end, Timestamp asked) {
    return database.run_now(queue().update_lease, to, id, end, asked).rows;
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

LATCHKEY_TEST_OF_BOTH(OnlyTheLeaseThatIsMeantIsGivenUp) {
  const LinkId id = put(add("a@example.com"), now);
  ASSERT_TRUE(claim(due(now).front()).has_value());
  const auto release = [&](Timestamp lease_end) {
    return database.run_now(queue().update_lease, now, id, lease_end, lease_end).rows;
  };
  EXPECT_EQ(release(now + 2 * hour), 0);
  EXPECT_TRUE(due(now).empty());
  EXPECT_EQ(release(now + hour), 1);
  ASSERT_EQ(due(now).size(), 1U);
  EXPECT_EQ(due(now)[0].tries, 1);

  claim(due(now).front());
  database.run_now(queue().update_put_aside, "refused", id);
  EXPECT_EQ(release(now + hour), 0);
}

LATCHKEY_TEST_OF_BOTH(ARetryStartsTheCountAndThePatienceAnew) {
  const LinkId aside = put(add("a@example.com"), now);
  const LinkId waits = put(add("b@example.com"), now);
  claim(due(now).front());
  database.run_now(queue().update_put_aside, "refused", aside);
  database.run_now(queue().update_failed, now + 3 * hour, "busy", waits);
  now += 2 * hour;
  EXPECT_EQ(database.run_now(queue().update_retry_all, now).rows, 1);
  const auto mails = due(now);
  ASSERT_EQ(mails.size(), 1U);
  EXPECT_EQ(mails[0].id, aside);
  EXPECT_EQ(mails[0].tries, 0);
  EXPECT_EQ(mails[0].created_at, now);
  EXPECT_EQ(database.run_now(queue().update_retry, now, waits).rows, 1);
  EXPECT_EQ(due(now).size(), 2U);
}

LATCHKEY_TEST_OF_BOTH(WhatWasSentIsGone) {
  const UserId user = add("a@example.com");
  const LinkId id = put(user, now);
  const LinkId other = put(add("b@example.com"), now);
  put(user, now);
  EXPECT_EQ(database.run_now(queue().delete_mail, id).rows, 1);
  EXPECT_EQ(database.run_now(queue().delete_links, user).rows, 1);
  const auto left = due(now);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].id, other);
  EXPECT_FALSE(database.run_now(queue().update_claimed, now + hour, id, now).has_value());
}

LATCHKEY_TEST_OF_BOTH(D09ARestoreDropsWhatWaitsAndWhatWasPutAside) {
  const UserId user = add("a@example.com");
  put(user, now);
  put(add("b@example.com"), now + hour);
  database.run_now(queue().update_put_aside, "refused", put(user, now));
  EXPECT_EQ(database.run_now(queue().count_all), 3);
  EXPECT_EQ(database.run_now(queue().delete_all).rows, 3);
  EXPECT_EQ(database.run_now(queue().count_all), 0);
  EXPECT_FALSE(database.run_now(queue().find_next_due).has_value());
  EXPECT_EQ(find(user).email, "a@example.com") << "the accounts stay";
  EXPECT_EQ(database.run_now(queue().delete_all).rows, 0);
}

LATCHKEY_TEST_OF_BOTH(TheLongestWaitingComesFirst) {
  const LinkId young = put(add("a@example.com"), now);
  const LinkId old = put(add("b@example.com"), now - hour);
  const auto mails = due(now);
  ASSERT_EQ(mails.size(), 2U);
  EXPECT_EQ(mails[0].id, old);
  EXPECT_EQ(mails[1].id, young);
  EXPECT_EQ(database.run_now(queue().list_due, now, std::int64_t{1}).front().id, old);
}

}  // namespace
}  // namespace latchkey::store::test
