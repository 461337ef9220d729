// features/mail_code over flow/links and flow/signin: signing in with a code that is mailed.

#include "features/mail_code/ask.h"
#include "features/mail_code/mails.h"
#include "features/mail_code/sign_in.h"
#include "flow/accounts/accounts.h"
#include "flow/links/prove.h"
#include "flow/signin/next_step.h"
#include "flow/signin/prove_mail_code.h"
#include "flow/world.h"
#include "store/factors.h"
#include "store/passkeys.h"

namespace latchkey::flow {
namespace {

using namespace std::chrono_literals;
using features::mail_code::CodeInput;
namespace users = store::users;

constexpr db::Statement<std::optional<std::int64_t>> count_entries{"SELECT count(*) FROM audit"};
constexpr db::Statement<std::optional<std::int64_t>> find_methods{
    "SELECT methods FROM sessions ORDER BY created_at DESC LIMIT 1"};
constexpr db::Statement<db::Affected, Bytes, UserId, Timestamp> insert_passkey{
    "INSERT INTO passkeys (id, user_id, public_key, sign_count, aaguid, transports, name, rp_id, "
    "is_user_verifying, is_backup_eligible, is_backed_up, created_at, last_used_at) VALUES ($1, $2, $1, 0, "
    "$1, "
    "'', 'key', 'localhost', TRUE, FALSE, FALSE, $3, $3)"};
constexpr db::Statement<db::Affected, std::int64_t> set_wrong_codes{
    "UPDATE users SET failed_codes = $1, failed_known_codes = $1"};

struct Asked {
  std::string handle;
  std::string code;
};

class MailCode : public World {
 protected:
  users::Credentials credentials(const std::string& email = "a@example.org") {
    return database.run_now(users::find_credentials, email).value();
  }
  users::Contact contact(const std::string& email = "a@example.org") {
    return database.run_now(users::find_contact, email).value();
  }
  Result<std::string> ask_for(const std::string& email) {
    return wait(features::mail_code::ask_for_code(services, origin(), email, ""));
  }
  /// The code of the newest mail, as the mail thread makes it.
  std::optional<mail::Links> newest_mail() {
    std::optional<store::mails::Mail> newest;
    for (const auto& mail : waiting_mails()) {
      if (mail.message == "sign_in_code" && (!newest.has_value() || mail.created_at >= newest->created_at))
        newest = mail;
    }
    const auto parameters = mail::read_parameters(newest.value().parameters).value();
    return features::mail_code::make_code(
        {.ring = keys.current()->ring(), .public_url = services.public_url, .settings = settings},
        {.id = newest->id,
         .recipient = newest->recipient,
         .parameters = parameters,
         .created_at = newest->created_at,
         .now = now,
         .account = database.run_now(users::find_contact_by_id, newest->user_id)});
  }
  Asked ask(const std::string& email = "a@example.org") {
    now += 2min;
    Asked asked{.handle = ask_for(email).value(), .code = {}};
    asked.code = mail::value_of(newest_mail().value().values, "code");
    return asked;
  }
  Result<sessions::TokenPair> show(const Asked& asked, std::optional<std::string> login_token = {}) {
    CodeInput input{.login_token = std::move(login_token), .handle = asked.handle, .code = asked.code};
    return wait(features::mail_code::sign_in_with_code(services, origin(), std::move(input)));
  }
  void add_factor(UserId user) {
    const Bytes id(16, 7);
    auto work = [&](db::Tx& tx) {
      tx.run(store::factors::raise_version, now, user);
      tx.run(insert_passkey, id, user, now);
      tx.run(store::factors::update_mark, user);
      return 0;
    };
    database.write_now(work);
  }
  static Asked wrong(Asked asked) {
    asked.code[0] = asked.code[0] == '1' ? '2' : '1';
    return asked;
  }
};

LATCHKEY_ON_EVERY_DATABASE(MailCode);

TEST_P(MailCode, L30_ACodeSignsInOnceAndSaysSoInTheSession) {
  member("a@example.org");
  const auto asked = ask();
  ASSERT_EQ(asked.code.size(), 8);
  EXPECT_EQ(show(wrong(asked)).error().code, ErrorCode::invalid_code);
  EXPECT_TRUE(show(asked).has_value());
  EXPECT_EQ(database.run_now(find_methods), signin::Done().with(signin::Proof::mail_code).bits());
  const auto entries = database.run_now(count_entries);
  EXPECT_EQ(show(asked).error().code, ErrorCode::invalid_code);
  EXPECT_EQ(database.run_now(count_sessions), 1);
  EXPECT_EQ(database.run_now(count_entries), entries);
  EXPECT_TRUE(log_in("a@example.org").has_value()) << "the password of a confirmed account stays";
}

TEST_P(MailCode, L30_OfFortyAtOnceWithOneCodeOneSignsIn) {
  member("a@example.org");
  const auto asked = ask();
  int answered = 0;
  int signed_in = 0;
  auto use = [&]() -> Task<void> {
    CodeInput input{.login_token = {}, .handle = asked.handle, .code = asked.code};
    const auto tokens = co_await features::mail_code::sign_in_with_code(services, origin(), std::move(input));
    if (tokens.has_value()) {
      ++signed_in;
    } else {
      EXPECT_EQ(tokens.error().code, ErrorCode::invalid_code);
    }
    ++answered;
  };
  for (int i = 0; i < 40; ++i) asio::co_spawn(io, use(), asio::detached);
  io.restart();
  while (answered < 40 && io.run_one() > 0) continue;
  EXPECT_EQ(signed_in, 1);
  EXPECT_EQ(database.run_now(count_sessions), 1);
  EXPECT_EQ(contact().failed_codes, 0) << "a right code is no failure, whoever comes first";
}

TEST_P(MailCode, L31_ACodeIsNoSecondFactor) {
  const UserId user = member("a@example.org");
  add_factor(user);
  const auto refused = show(ask()).error();
  EXPECT_EQ(refused.code, ErrorCode::second_factor_required);
  ASSERT_NE(refused.step, nullptr);
  EXPECT_EQ(refused.step->methods, std::vector<std::string_view>{"passkey"});
  const auto again = show(ask(), refused.step->login_token).error();
  EXPECT_EQ(again.code, ErrorCode::second_factor_required) << "a second code proves nothing new";
  EXPECT_EQ(show(ask(), refused.step->login_token).error().code, ErrorCode::invalid_login_token)
      << "each step spends the token that it was shown";
  EXPECT_EQ(database.run_now(count_sessions), 0);
}

TEST_P(MailCode, L31_ACodeOfAnotherAccountIsNoStepOfThisOne) {
  add_factor(member("a@example.org"));
  member("b@example.org");
  const auto refused = log_in("a@example.org").error();
  ASSERT_NE(refused.step, nullptr);
  const auto other = ask("b@example.org");
  EXPECT_EQ(show(other, refused.step->login_token).error().code, ErrorCode::invalid_code);
  EXPECT_EQ(database.run_now(count_sessions), 0);
  EXPECT_TRUE(show(other).has_value()) << "nor is it used up";
}

TEST_P(MailCode, S13_ACodeConfirmsAnAddressAndEndsWhatAStrangerMayHaveLeft) {
  const UserId user = sign_up("a@example.org", "the stranger's password").value().user.id;
  EXPECT_EQ(log_in("a@example.org", "the stranger's password").error().code, ErrorCode::email_not_confirmed);
  add_factor(user);
  const auto before = credentials();
  const auto asked = ask();
  EXPECT_EQ(mail::value_of(newest_mail().value().values, "unconfirmed"), "yes");
  EXPECT_TRUE(show(asked).has_value());
  EXPECT_TRUE(credentials().confirmed);
  EXPECT_EQ(credentials().password_hash, "");
  EXPECT_GT(credentials().security_version, before.security_version);
  EXPECT_EQ(log_in("a@example.org", "the stranger's password").error().code, ErrorCode::invalid_credentials);
  EXPECT_EQ(database.run_now(store::factors::find_steps, user)->passkeys, 0);
  EXPECT_TRUE(show(ask()).has_value()) << "the owner comes back the same way";
  EXPECT_EQ(mail::value_of(newest_mail().value().values, "unconfirmed"), "");
}

TEST_P(MailCode, L17_NeitherABlockNorARemovalNorAChangeLeavesACodeThatWorks) {
  const UserId user = member("a@example.org");
  const Origin by = origin();
  const auto set_access = [&](accounts::Access access) {
    auto work = [&](db::Tx& tx) { return accounts::set_access(tx, by, user, access); };
    EXPECT_TRUE(database.write_now(work).has_value());
  };
  const auto before_block = ask();
  set_access(accounts::Access::blocked);
  EXPECT_EQ(show(before_block).error().code, ErrorCode::invalid_code);
  set_access(accounts::Access::allowed);
  EXPECT_EQ(show(before_block).error().code, ErrorCode::invalid_code);
  const auto late = ask();
  now += settings.accounts.code_ttl;
  EXPECT_EQ(show(late).error().code, ErrorCode::invalid_code);
  const auto before_removal = ask();
  auto remove = [&](db::Tx& tx) { return accounts::delete_user(tx, by, user); };
  EXPECT_TRUE(database.write_now(remove).has_value());
  EXPECT_EQ(show(before_removal).error().code, ErrorCode::invalid_code);
  EXPECT_EQ(database.run_now(count_sessions), 0);
}

TEST_P(MailCode, L32_WrongCodesAndWrongPasswordsShutEachOtherNothing) {
  member("a@example.org");
  database.run_now(set_wrong_codes, links::most_codes_in_a_row);
  now += 2min;
  EXPECT_TRUE(ask_for("a@example.org").has_value());
  EXPECT_EQ(mail::value_of(newest_mail().value().values, "code"), "") << "the mail says to use the password";
  EXPECT_TRUE(log_in("a@example.org").has_value());
  EXPECT_EQ(contact().failed_codes, 0);

  address = "198.51.100.7";
  settings.limits.login_failures = 2;
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(log_in("a@example.org", "wrong").error().code, ErrorCode::invalid_credentials);
  EXPECT_EQ(log_in("a@example.org").error().code, ErrorCode::too_many_attempts);
  const auto failed = credentials().failed_sign_ins;
  EXPECT_TRUE(show(ask()).has_value());
  EXPECT_EQ(credentials().failed_sign_ins, failed) << "a code says nothing of whoever guesses passwords";
}

TEST_P(MailCode, L33_WhereItIsOffThereIsNeitherMailNorSignIn) {
  member("a@example.org");
  const auto asked = ask();
  settings.accounts.mail_sign_in = false;
  const auto mails = waiting_mails().size();
  EXPECT_EQ(ask_for("a@example.org").error().code, ErrorCode::forbidden);
  EXPECT_EQ(waiting_mails().size(), mails);
  EXPECT_EQ(show(asked).error().code, ErrorCode::forbidden);
  EXPECT_EQ(database.run_now(count_sessions), 0);
}

}  // namespace
}  // namespace latchkey::flow
