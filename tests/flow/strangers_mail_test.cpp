// What strangers can do to the mails and codes of an account by asking for mail: flow/links and flow/limits,
// as password recovery and sign-in by code use them (findings 3, 4, 5 and 17 of the attack on issue 19).

#include <algorithm>

#include "features/mail_code/ask.h"
#include "features/mail_code/mails.h"
#include "features/mail_code/sign_in.h"
#include "features/recovery/ask.h"
#include "features/recovery/mails.h"
#include "features/recovery/reset.h"
#include "flow/accounts/accounts.h"
#include "flow/links/prove.h"
#include "flow/world.h"

namespace latchkey::flow::strangers_mail_test {
namespace {

using namespace std::chrono_literals;
namespace users = store::users;

constexpr db::Statement<std::optional<std::int64_t>> count_rows{"SELECT count(*) FROM mail_codes"};
constexpr db::Statement<std::optional<Timestamp>, UserId> find_row{
    "SELECT link_mailed_at FROM users WHERE id = $1"};
constexpr db::Statement<std::optional<std::int64_t>> count_mails{"SELECT count(*) FROM mails"};

const std::string mine = "a@example.org";
constexpr std::string_view reset_message = "password_reset";
constexpr std::string_view code_message = "sign_in_code";

class StrangersMail : public World {
 protected:
  StrangersMail() {
    member(mine);  // known: 192.0.2.1
    now += 2h;
  }
  void at_home() { address = "192.0.2.1"; }
  void in_a_hotel() { address = "198.51.100.7"; }
  void as_stranger(int number = 1) { address = "203.0.113." + std::to_string(number); }

  std::string ask_reset(const std::string& email = mine) {
    return wait(features::recovery::ask_for_reset(services, origin(), email, "")).value();
  }
  std::string ask_code(const std::string& email = mine) {
    return wait(features::mail_code::ask_for_code(services, origin(), email, "")).value();
  }
  std::int64_t mails(std::string_view message) {
    const auto all = waiting_mails();
    return std::ranges::count_if(all, [&](const auto& mail) { return mail.message == message; });
  }
  /// What the mail thread makes of the mail that was queued last.
  mail::Values newest(std::string_view message) {
    std::optional<store::mails::Mail> newest;
    for (const auto& mail : waiting_mails()) {
      if (mail.message == message && (!newest.has_value() || mail.created_at >= newest->created_at))
        newest = mail;
    }
    const auto make =
        message == code_message ? features::mail_code::make_code : features::recovery::make_reset_links;
    const auto links =
        make({.ring = keys.current()->ring(), .public_url = services.public_url, .settings = settings},
             {.id = newest.value().id,
              .recipient = newest->recipient,
              .parameters = mail::read_parameters(newest->parameters).value(),
              .created_at = newest->created_at,
              .now = now,
              .account = database.run_now(users::find_contact_by_id, newest->user_id)});
    return links.value().values;
  }
  std::string code_of(std::string_view message) {
    const auto values = newest(message);
    return std::string(mail::value_of(values, "code"));
  }
  static std::string wrong(std::string code) {
    code[0] = code[0] == '1' ? '2' : '1';
    return code;
  }
  bool signs_in(const std::string& handle, const std::string& code) {
    return wait(features::mail_code::sign_in_with_code(services, origin(),
                                                       {.login_token = {}, .handle = handle, .code = code}))
        .has_value();
  }
  bool resets(const std::string& handle, const std::string& code) {
    return wait(features::recovery::reset_password(services, origin(),
                                                   features::recovery::ByCode{.handle = handle, .code = code},
                                                   Secret("a much better password"), ""))
        .has_value();
  }
};
LATCHKEY_ON_EVERY_DATABASE(StrangersMail);

TEST_P(StrangersMail, L50_WhoeverDidNotAskForAMailUsesUpNoTryOfWhoeverDid) {
  for (const bool is_known : {false, true}) {
    now += 10min;
    is_known ? at_home() : in_a_hotel();
    const std::string handle = ask_code();
    const std::string code = code_of(code_message);
    const auto sent = database.run_now(count_mails);
    for (int stranger = 1; stranger <= 10; ++stranger) {
      as_stranger(stranger);
      now += 1s;
      const std::string theirs = ask_code();
      // From a network that the account knows, a stranger's request would be a mail of its own.
      if (is_known && stranger == 1) continue;
      for (int i = 0; i < 6; ++i) EXPECT_FALSE(signs_in(theirs, wrong(code)));
    }
    EXPECT_EQ(database.run_now(count_mails), sent.value() + (is_known ? 1 : 0));
    is_known ? at_home() : in_a_hotel();
    EXPECT_TRUE(signs_in(handle, code)) << is_known;
  }
}

TEST_P(StrangersMail, L50_TheSameForTheCodeOfANewPassword) {
  in_a_hotel();
  const std::string handle = ask_reset();
  const std::string code = code_of(reset_message);
  as_stranger();
  const std::string theirs = ask_reset();
  for (int i = 0; i < 6; ++i) EXPECT_FALSE(resets(theirs, wrong(code)));
  EXPECT_FALSE(resets(theirs, code)) << "five tries of all others together";
  in_a_hotel();
  EXPECT_TRUE(resets(handle, code));
}

TEST_P(StrangersMail, L50_AnOwnerWhoComesSecondHasTriesOfTheMailThatAStrangerAskedFor) {
  as_stranger();
  const std::string theirs = ask_code();
  in_a_hotel();
  now += 5s;
  const std::string handle = ask_code();
  EXPECT_EQ(mails(code_message), 1);
  const std::string code = code_of(code_message);
  as_stranger();
  for (int i = 0; i < 6; ++i) EXPECT_FALSE(signs_in(theirs, wrong(code)));
  in_a_hotel();
  EXPECT_TRUE(signs_in(handle, code));
}

TEST_P(StrangersMail, L50_WhoeverAsksTwiceFromOnePlaceHasOneCode) {
  in_a_hotel();
  const std::string first = ask_code();
  as_stranger();
  const std::string theirs = ask_code();
  in_a_hotel();
  const std::string second = ask_code();
  EXPECT_NE(first, second);
  const std::string code = code_of(code_message);
  as_stranger();
  for (int i = 0; i < 6; ++i) EXPECT_FALSE(signs_in(theirs, wrong(code)));
  in_a_hotel();
  EXPECT_TRUE(signs_in(second, code));
}

TEST_P(StrangersMail, L51_ARequestAMinuteForCodesKeepsBackNoMailForANewPassword) {
  std::int64_t asked = 0;
  for (int minute = 0; minute < 180; ++minute) {
    as_stranger(minute % 200 + 1);
    ask_code();
    now += 2s;
    if (minute % 30 == 0) {
      in_a_hotel();
      ask_reset();
      EXPECT_EQ(mails(reset_message), ++asked) << minute;
    }
    now += 59s;
  }
  EXPECT_LE(mails(code_message), 10);
}

TEST_P(StrangersMail, L51_WhatStrangersAskForKeepsBackNothingFromAKnownDevice) {
  for (int i = 0; i < 20; ++i) {
    as_stranger(i + 1);
    ask_code();
    ask_reset();
    now += 13min;
  }
  EXPECT_EQ(mails(code_message), 10) << "ten a day";
  EXPECT_EQ(mails(reset_message), 10);
  as_stranger();
  ask_code();
  EXPECT_EQ(mails(code_message), 10);
  at_home();
  const std::string handle = ask_code();
  EXPECT_EQ(mails(code_message), 11);
  EXPECT_TRUE(signs_in(handle, code_of(code_message)));
  ask_reset();
  EXPECT_EQ(mails(reset_message), 11);
  EXPECT_FALSE(mail::value_of(newest(reset_message), "reset_url").empty());
}

TEST_P(StrangersMail, RL21_AnAddressGetsAtMostTwentyMailsOfAKindADayAndAnAccountHasAsManyRows) {
  for (int i = 0; i < 110; ++i, now += 12min) {
    at_home();
    ask_code();
    ask_reset();
    as_stranger(i + 1);
    ask_code();
    ask_reset();
  }
  EXPECT_EQ(mails(code_message), 20);
  EXPECT_EQ(mails(reset_message), 20);
  EXPECT_EQ(database.run_now(count_rows), 40);
}

TEST_P(StrangersMail, L52_AHundredWrongCodesOfStrangersShutNoCodeOfAKnownDevice) {
  for (int i = 0; i < 10; ++i, now += 3h) {
    for (int half = 1; half <= 2; ++half) {
      as_stranger(half);
      const std::string theirs = ask_code();
      for (int j = 0; j < 5; ++j) EXPECT_FALSE(signs_in(theirs, "00000000"));
    }
  }
  EXPECT_EQ(database.run_now(users::find_contact, mine)->failed_codes, links::most_codes_in_a_row);
  now += 24h;
  in_a_hotel();
  ask_code();
  EXPECT_EQ(code_of(code_message), "") << "a mail without a code, since none is looked at";
  at_home();
  now += 1s;
  const std::string handle = ask_code();
  EXPECT_TRUE(signs_in(handle, code_of(code_message)));
  EXPECT_EQ(database.run_now(users::find_contact, mine)->failed_codes, 0) << "the owner was here";
}

TEST_P(StrangersMail, L53_ABlockedAccountAndAnAddressOfNobodyAreAnsweredByTheSameStatements) {
  const auto blocked = member("blocked@example.org");
  const Origin by = origin();
  auto block = [&](db::Tx& tx) {
    return accounts::set_access(tx, by, blocked, accounts::Access::blocked).has_value();
  };
  EXPECT_TRUE(database.write_now(block));
  const auto row = [&] { return database.run_now(find_row, blocked); };
  const auto before = row();
  const auto mails_before = database.run_now(count_mails);
  now += 1h;
  for (const bool known : {true, false}) {
    known ? at_home() : as_stranger();
    EXPECT_FALSE(ask_code("blocked@example.org").empty());
    EXPECT_FALSE(ask_reset("blocked@example.org").empty());
  }
  EXPECT_EQ(row(), before) << "nothing of the account is looked for, nor written";
  EXPECT_EQ(database.run_now(count_mails), mails_before);
}

}  // namespace
}  // namespace latchkey::flow::strangers_mail_test
