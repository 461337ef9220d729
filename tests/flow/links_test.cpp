// flow/links and flow/accounts/change_password, as password recovery uses them.

#include "app/features.h"
#include "app/housekeeping.h"
#include "crypto/random.h"
#include "flow/accounts/accounts.h"
#include "flow/accounts/change_password.h"
#include "flow/links/make.h"
#include "flow/links/prove.h"
#include "flow/world.h"
#include "store/mail_codes.h"
#include "store/spent.h"

namespace latchkey::flow::links_test {
namespace {

using namespace std::chrono_literals;
namespace users = store::users;

constexpr links::Kind reset{.purpose = "password_reset",
                            .token = crypto::jose::link_token_form("pr+jwt"),
                            .key = crypto::KeyUse::reset_link,
                            .ttl = [](const Settings& settings) { return settings.accounts.reset_ttl; }};
/// Another kind, under the same key: `typ` and purpose alone keep them apart.
constexpr links::Kind other{.purpose = "other",
                            .token = crypto::jose::link_token_form("ot+jwt"),
                            .key = crypto::KeyUse::reset_link,
                            .ttl = [](const Settings& settings) { return settings.accounts.reset_ttl; }};

constexpr db::Statement<std::optional<std::int64_t>, LinkId> find_tries{
    "SELECT tries FROM mail_codes WHERE id = $1"};
constexpr db::Statement<std::optional<std::int64_t>> count_codes{"SELECT count(*) FROM mail_codes"};

constexpr db::Statement<std::optional<std::int64_t>> count_shut{
    "SELECT count(*) FROM audit WHERE event = 'mail_codes' AND result = 'shut'"};
constexpr db::Statement<db::Affected, std::int64_t> set_failed_codes{"UPDATE users SET failed_codes = $1"};
constexpr db::Statement<std::optional<std::int64_t>> sum_tries{
    "SELECT CAST(sum(tries) AS BIGINT) FROM mail_codes"};

struct Asked {
  links::Link link;
  std::string handle;
  LinkId id;
};

class Links : public World {
 protected:
  const crypto::Keyring& ring() const { return keys.current()->ring(); }
  users::Contact contact(const std::string& email) {
    return database.run_now(users::find_contact, email).value();
  }
  users::Credentials credentials(const std::string& email) {
    return database.run_now(users::find_credentials, email).value();
  }

  /// As asking for a new password does it, and sending the mail at once.
  Asked ask(const std::string& email, const links::Kind& kind = reset) {
    const auto account = contact(email);
    const LinkId id = crypto::new_link_id();
    auto work = [&](db::Tx& tx) { links::expect_code(tx, settings, kind, id, account.id, "", now); };
    database.write_now(work);
    const links::Mail mail{.id = id,
                           .subject = account.subject,
                           .email_key = account.email_key,
                           .security_version = account.security_version,
                           .created_at = now};
    return {.link = links::make_link(ring(), settings, kind, mail),
            .handle = links::make_handle(ring(), settings, {.mail = id}, now),
            .id = id};
  }

  Result<links::Proof> look(const std::string& token, const links::Kind& kind = reset) {
    return wait(links::look_at_link(services, origin(), kind, token));
  }
  Result<links::Proof> try_code(const std::string& handle, const std::string& code,
                                const links::Kind& kind = reset) {
    return wait(links::try_code(services, origin(), kind, handle, code));
  }
  Result<accounts::PasswordChanged> change(const links::Proof& proof, const std::string& hash = "$new$") {
    const Origin by = origin();
    auto work = [&](db::Tx& tx) {
      return accounts::change_password_by_mail(tx, by, proof.account, hash, {});
    };
    return database.write_now(work);
  }
  void expect_refused(const Result<links::Proof>& result) {
    ASSERT_TRUE(result.has_error());
    EXPECT_EQ(result.error().code, ErrorCode::invalid_link);
  }
  static std::string wrong(const std::string& code) { return (code[0] == '1' ? "2" : "1") + code.substr(1); }
};

LATCHKEY_ON_EVERY_DATABASE(Links);

TEST_P(Links, ALinkProvesTheMailboxUntilItExpires) {
  const UserId user = member("a@example.org");
  const auto asked = ask("a@example.org");
  EXPECT_EQ(asked.link.expires_at, now + 30min);
  now += 30min - 1s;
  EXPECT_EQ(look(asked.link.token)->account.id, user);
  EXPECT_TRUE(look(asked.link.token).has_value()) << "looking uses nothing up";
  now += 1s;
  expect_refused(look(asked.link.token));
}

TEST_P(Links, ACodeProvesItOnlyWithItsHandleUntilItExpires) {
  const UserId user = member("a@example.org");
  const auto asked = ask("a@example.org");
  const auto second = ask("a@example.org");
  EXPECT_EQ(asked.link.code_expires_at, now + 10min);
  expect_refused(try_code(second.handle, asked.link.code));
  expect_refused(try_code("", asked.link.code));
  expect_refused(try_code(asked.link.token, asked.link.code));
  now += 10min - 1s;
  const std::string typed = asked.link.code.substr(0, 4) + " " + asked.link.code.substr(4);
  EXPECT_EQ(try_code(asked.handle, typed)->account.id, user) << "another request voids nothing";
  now += 1s;
  expect_refused(try_code(asked.handle, asked.link.code));
}

TEST_P(Links, FiveWrongCodesEndItAndARightOneCostsNoTry) {
  member("a@example.org");
  const auto asked = ask("a@example.org");
  const auto before = credentials("a@example.org");
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(try_code(asked.handle, asked.link.code).has_value());
  EXPECT_EQ(database.run_now(find_tries, asked.id), 0);
  expect_refused(try_code(asked.handle, "1234567"));
  EXPECT_EQ(database.run_now(find_tries, asked.id), 0) << "what can not be a code is none";
  for (int i = 0; i < 5; ++i) expect_refused(try_code(asked.handle, wrong(asked.link.code)));
  EXPECT_EQ(database.run_now(find_tries, asked.id), 5);
  expect_refused(try_code(asked.handle, asked.link.code));
  EXPECT_TRUE(look(asked.link.token).has_value()) << "the link of the same mail is another proof";
  EXPECT_EQ(credentials("a@example.org").security_version, before.security_version);
  EXPECT_EQ(credentials("a@example.org").password_hash, before.password_hash);
}

TEST_P(Links, RL20_AfterAHundredWrongCodesOverAllMailsNoCodeOfTheAccountIsLookedAt) {
  member("a@example.org");
  member("b@example.org");
  for (int mail = 0; mail < 20; ++mail) {
    const auto asked = ask("a@example.org");
    for (int i = 0; i < 5; ++i) expect_refused(try_code(asked.handle, wrong(asked.link.code)));
    now += 3h;
  }
  EXPECT_EQ(contact("a@example.org").failed_codes, links::most_codes_in_a_row);
  const auto shut = ask("a@example.org");
  expect_refused(try_code(shut.handle, shut.link.code));
  EXPECT_EQ(database.run_now(find_tries, shut.id), 0) << "nobody compares it";
  EXPECT_EQ(database.run_now(count_shut), 1) << "the operator is told once";
  const auto neighbour = ask("b@example.org");
  EXPECT_TRUE(try_code(neighbour.handle, neighbour.link.code).has_value());

  EXPECT_TRUE(change(*look(shut.link.token)).has_value()) << "the link is another way in";
  EXPECT_EQ(contact("a@example.org").failed_codes, 0);
  const auto after = ask("a@example.org");
  EXPECT_TRUE(try_code(after.handle, after.link.code).has_value());
}

TEST_P(Links, ARightCodeAndASignInEndTheRowOfWrongCodes) {
  member("a@example.org");
  const auto asked = ask("a@example.org");
  const auto fail_twice = [&] {
    for (int i = 0; i < 2; ++i) expect_refused(try_code(asked.handle, wrong(asked.link.code)));
  };
  fail_twice();
  EXPECT_EQ(contact("a@example.org").failed_codes, 2);
  EXPECT_TRUE(try_code(asked.handle, asked.link.code).has_value());
  EXPECT_EQ(contact("a@example.org").failed_codes, 0);
  fail_twice();
  EXPECT_TRUE(log_in("a@example.org").has_value());
  EXPECT_EQ(contact("a@example.org").failed_codes, 0);
}

TEST_P(Links, RL20_OfFortyWrongCodesAtOnceNoMoreAreLookedAtThanAreLeft) {
  member("a@example.org");
  database.run_now(set_failed_codes, std::int64_t{97});
  std::vector<Asked> mails;
  for (int i = 0; i < 8; ++i) mails.push_back(ask("a@example.org"));
  int answered = 0;
  auto guess = [&](int i) -> Task<void> {
    const Asked& mail = mails[static_cast<std::size_t>(i) % mails.size()];
    const auto refused =
        co_await links::try_code(services, origin(), reset, mail.handle, wrong(mail.link.code));
    EXPECT_TRUE(refused.has_error());
    ++answered;
  };
  for (int i = 0; i < 40; ++i) asio::co_spawn(io, guess(i), asio::detached);
  io.restart();
  while (answered < 40 && io.run_one() > 0) continue;
  EXPECT_EQ(contact("a@example.org").failed_codes, 100);
  EXPECT_EQ(database.run_now(sum_tries), 3);
}

TEST_P(Links, AHandleOfAnUnknownAddressLooksAndEndsLikeAnyOther) {
  member("a@example.org");
  const auto asked = ask("a@example.org");
  const auto unknown = links::make_handle(ring(), settings, {.mail = crypto::new_link_id()}, now);
  EXPECT_EQ(unknown.size(), asked.handle.size());
  EXPECT_EQ(unknown.substr(0, unknown.find('.')), asked.handle.substr(0, asked.handle.find('.')));
  const auto known_refusal = try_code(asked.handle, wrong(asked.link.code)).error();
  const auto refusal = try_code(unknown, "12345678").error();
  EXPECT_EQ(refusal.code, known_refusal.code);
  EXPECT_EQ(refusal.detail, known_refusal.detail);
}

TEST_P(Links, KindsAreKeptApart) {
  member("a@example.org");
  const auto asked = ask("a@example.org");
  expect_refused(look(asked.link.token, other));
  expect_refused(try_code(asked.handle, asked.link.code, other));
  const auto of_other = ask("a@example.org", other);
  expect_refused(look(of_other.link.token));
  expect_refused(try_code(of_other.handle, of_other.link.code));
  expect_refused(look(link_token("a@example.org")));
  EXPECT_TRUE(look(of_other.link.token, other).has_value());
}

TEST_P(Links, WhateverChangesTheAccountVoidsItsLinks) {
  const UserId user = member("a@example.org");
  const Origin by = origin();
  const auto blocked_meanwhile = ask("a@example.org");
  const auto set_access = [&](accounts::Access access) {
    auto work = [&](db::Tx& tx) { return accounts::set_access(tx, by, user, access); };
    EXPECT_TRUE(database.write_now(work).has_value());
  };
  set_access(accounts::Access::blocked);
  expect_refused(look(blocked_meanwhile.link.token));
  expect_refused(try_code(blocked_meanwhile.handle, blocked_meanwhile.link.code));
  set_access(accounts::Access::allowed);
  expect_refused(look(blocked_meanwhile.link.token));
  expect_refused(try_code(blocked_meanwhile.handle, blocked_meanwhile.link.code));

  const auto before_role = ask("a@example.org");
  auto promote = [&](db::Tx& tx) { return accounts::set_role(tx, by, user, Role::moderator); };
  EXPECT_TRUE(database.write_now(promote).has_value());
  expect_refused(look(before_role.link.token));
  expect_refused(try_code(before_role.handle, before_role.link.code));

  const auto used = ask("a@example.org");
  const auto older = ask("a@example.org");
  EXPECT_TRUE(change(*look(used.link.token)).has_value());
  expect_refused(look(used.link.token));
  expect_refused(look(older.link.token));
  expect_refused(try_code(used.handle, used.link.code));
  expect_refused(try_code(older.handle, older.link.code));
}

TEST_P(Links, ALinkOfARemovedOrLapsedAccountProvesNothing) {
  sign_up("a@example.org").value();
  settings.accounts.reset_ttl = 24h;
  now += 71h;
  const auto asked = ask("a@example.org");
  EXPECT_TRUE(look(asked.link.token).has_value());
  now += 1h;
  expect_refused(look(asked.link.token));
  const UserId user = member("b@example.org");
  const auto removed = ask("b@example.org");
  database.run_now(users::delete_user, user);
  expect_refused(look(removed.link.token));
  expect_refused(try_code(removed.handle, removed.link.code));
}

TEST_P(Links, ANewPasswordEndsEverythingThatWasOpen) {
  member("a@example.org");
  member("b@example.org");
  const auto mine = log_in("a@example.org").value();
  const auto theirs = log_in("b@example.org").value();
  ask("b@example.org");
  const auto asked = ask("a@example.org");
  const auto hash = wait(hashing.hash({}, Secret("another rather long one"))).value();
  const auto changed = change(*try_code(asked.handle, asked.link.code), hash);
  EXPECT_EQ(changed->sessions_ended, 1);
  EXPECT_FALSE(refresh(mine.refresh_token).has_value());
  EXPECT_TRUE(refresh(theirs.refresh_token).has_value());
  EXPECT_EQ(database.run_now(count_codes), 1) << "those of somebody else";
  EXPECT_EQ(log_in("a@example.org").error().code, ErrorCode::invalid_credentials);
  EXPECT_TRUE(log_in("a@example.org", "another rather long one").has_value());
}

TEST_P(Links, ANewPasswordConfirmsTheAddressAndUnlocksTheAccount) {
  settings.limits.login_failures = 2;
  sign_up("a@example.org").value();
  for (int i = 0; i < 2; ++i) log_in("a@example.org", "a wrong one").error();
  ASSERT_GT(credentials("a@example.org").locked_until, now);
  const auto confirmation = link_token("a@example.org");
  const auto asked = ask("a@example.org");
  EXPECT_TRUE(change(*look(asked.link.token)).has_value());
  EXPECT_TRUE(contact("a@example.org").confirmed);
  EXPECT_EQ(credentials("a@example.org").failed_sign_ins, 0);
  EXPECT_LE(credentials("a@example.org").locked_until, now);
  EXPECT_EQ(link_token("a@example.org"), "") << "mail with a link is not sent any more";
  EXPECT_EQ(wait(confirm_email(services, origin(), confirmation)).value(), Confirmed::before);
}

TEST_P(Links, OfFortyWhoUseOneLinkOrItsCodeAtOnceOneWins) {
  member("a@example.org");
  const auto asked = ask("a@example.org");
  int won = 0;
  int answered = 0;
  auto use = [&](int i) -> Task<void> {
    Result<links::Proof> proof = Error();
    if (i % 2 == 0) {
      proof = co_await links::look_at_link(services, origin(), reset, asked.link.token);
    } else {
      proof = co_await links::try_code(services, origin(), reset, asked.handle, asked.link.code);
    }
    if (proof.has_value()) {
      const Origin by = origin();
      auto work = [&](db::Tx& tx) {
        return accounts::change_password_by_mail(tx, by, proof->account, std::to_string(i), {});
      };
      const auto changed = co_await database.write(work);
      if (changed.has_value()) ++won;
    }
    ++answered;
  };
  for (int i = 0; i < 40; ++i) asio::co_spawn(io, use(i), asio::detached);
  io.restart();
  while (answered < 40 && io.run_one() > 0) continue;
  EXPECT_EQ(answered, 40);
  EXPECT_EQ(won, 1);
  EXPECT_EQ(credentials("a@example.org").security_version, 1);
}

TEST_P(Links, WhatChangesNoAccountIsSpentOnceByLinkOrCode) {
  member("a@example.org");
  const auto asked = ask("a@example.org");
  const auto by_code = *try_code(asked.handle, asked.link.code);
  const auto by_link = *look(asked.link.token);
  EXPECT_EQ(by_code.expires_at, by_link.expires_at) << "until then its id must be remembered";
  const auto spend = [&](const links::Proof& proof) {
    auto work = [&](db::Tx& tx) { return links::spend(tx, proof); };
    return database.write_now(work);
  };
  EXPECT_TRUE(spend(by_code));
  EXPECT_FALSE(spend(by_link));
  EXPECT_FALSE(spend(by_code));
  expect_refused(try_code(asked.handle, asked.link.code));
}

TEST_P(Links, RL10_MailIsLimitedByTheMinuteTheHourAndTheDay) {
  const UserId user = member("a@example.org");
  const UserId neighbour = member("b@example.org");
  const auto ask_as = [&](UserId who) {
    auto work = [&](db::Tx& tx) {
      if (!links::claim_mail(tx, settings, reset, who, {}, now).is_granted) return false;
      links::expect_code(tx, settings, reset, crypto::new_link_id(), who, "", now);
      return true;
    };
    return database.write_now(work);
  };
  EXPECT_TRUE(ask_as(user));
  EXPECT_FALSE(ask_as(user));
  EXPECT_TRUE(ask_as(neighbour));
  now += 1min;
  for (int i = 0; i < 4; ++i, now += 1min) EXPECT_TRUE(ask_as(user)) << i;
  EXPECT_FALSE(ask_as(user)) << "the sixth of the hour";
  now += 1h;
  for (int i = 0; i < 5; ++i, now += 1min) EXPECT_TRUE(ask_as(user)) << i;
  now += 1h;
  EXPECT_FALSE(ask_as(user)) << "the eleventh of the day";
  Clock clock;
  app::Housekeeping housekeeping(services, clock, app::sweeps());
  housekeeping.sweep(now);
  EXPECT_FALSE(ask_as(user)) << "housekeeping leaves the record of a day";
  now += 24h;
  EXPECT_TRUE(ask_as(user));
  housekeeping.sweep(now + 10min);
  EXPECT_EQ(database.run_now(count_codes), 1) << "the others are older than a day";
  settings.limits.enabled = false;
  for (int i = 0; i < 12; ++i) EXPECT_TRUE(ask_as(user));
}

}  // namespace
}  // namespace latchkey::flow::links_test
