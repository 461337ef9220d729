// flow/signin/attempts.h and devices.h: strangers who guess do not keep the owner out, and guess no more than
// a hundred times.

#include <algorithm>

#include "app/features.h"
#include "app/housekeeping.h"
#include "features/recovery/ask.h"
#include "features/recovery/mails.h"
#include "features/recovery/reset.h"
#include "flow/accounts/accounts.h"
#include "flow/signin/attempts.h"
#include "flow/signin/devices.h"
#include "flow/world.h"
#include "store/attempts.h"
#include "store/devices.h"

namespace latchkey::flow {
namespace {

using namespace std::chrono_literals;
namespace users = store::users;

constexpr db::Statement<db::Affected, std::int64_t, std::string> set_failures{
    "UPDATE users SET failed_sign_ins = $1 WHERE email_key = $2"};
constexpr db::Statement<db::Affected, std::int64_t> set_failures_of_devices{
    "UPDATE devices SET failed_sign_ins = $1"};
constexpr db::Statement<std::optional<std::int64_t>> count_devices{"SELECT count(*) FROM devices"};
constexpr db::Statement<std::optional<std::string>> last_detail{
    "SELECT event || ' ' || result || ' ' || detail FROM audit ORDER BY id DESC LIMIT 1"};
constexpr db::Statement<std::vector<std::string>, std::string> results_of{
    "SELECT result FROM audit WHERE event = $1 ORDER BY id"};

const std::string owner = "a@example.org";
const std::string right = "correct horse battery";
const std::string home = "192.0.2.1";

class Lockout : public World {
 protected:
  Result<sessions::TokenPair> try_from(const std::string& where, const std::string& password,
                                       const std::string& email = owner) {
    address = where;
    return log_in(email, password);
  }
  /// A guess from an address that nobody had before. Nothing: it was looked at, and wrong.
  std::optional<Error> guess(const std::string& email = owner) {
    address = "203.0." + std::to_string(strangers_ / 250) + "." + std::to_string(strangers_ % 250);
    ++strangers_;
    const auto error = log_in(email, "a wrong one").error();
    return error.code == ErrorCode::invalid_credentials ? std::nullopt : std::optional(error);
  }
  /// Guesses until there is no more to wait for; answers how many were looked at.
  int guess_to_the_end(const std::string& email = owner) {
    int looked_at = 0;
    for (int i = 0; i < 110; ++i) {
      if (!guess(email).has_value()) ++looked_at;
      now += 1h;
    }
    return looked_at;
  }
  bool owner_gets_in(const std::string& where = home) { return try_from(where, right).has_value(); }
  users::Failures failures(const std::string& email = owner) {
    const auto found = database.run_now(users::find_credentials, email).value();
    return {found.failed_sign_ins, found.locked_until, found.password_closed_at};
  }
  std::vector<store::devices::Device> devices(UserId user) {
    return database.run_now(store::devices::list_devices_of, user);
  }
  int notices() {
    int count = 0;
    for (const auto& mail : waiting_mails()) count += mail.message == "password_closed" ? 1 : 0;
    return count;
  }
  /// As the owner does it with the mail, from `where`.
  void recover(const std::string& where, const std::string& password) {
    address = where;
    now += 1h;  // one mail a minute
    ASSERT_TRUE(wait(features::recovery::ask_for_reset(services, origin(), owner)).has_value());
    for (const auto& row : waiting_mails()) {
      if (row.message != "password_reset") continue;
      const auto links = features::recovery::make_reset_links(
          {.ring = keys.current()->ring(), .public_url = services.public_url, .settings = settings},
          {.id = row.id,
           .recipient = row.recipient,
           .parameters = mail::read_parameters(row.parameters).value(),
           .created_at = row.created_at,
           .account = database.run_now(users::find_contact_by_id, row.user_id)});
      const auto url = mail::value_of(links.value().values, "reset_url");
      features::recovery::Means means =
          features::recovery::ByLink{std::string(url.substr(url.rfind('/') + 1))};
      EXPECT_TRUE(
          wait(features::recovery::reset_password(services, origin(), std::move(means), Secret(password)))
              .has_value());
      return;
    }
    FAIL() << "no mail";
  }

 private:
  int strangers_ = 0;
};

LATCHKEY_ON_EVERY_DATABASE(Lockout);

TEST_P(Lockout, L20_L04_AThousandGuessesFromElsewhereNeverKeepTheOwnerOut) {
  member(owner);
  ASSERT_TRUE(owner_gets_in());
  int looked_at = 0;
  for (int i = 1; i <= 1000; ++i) {
    if (!guess().has_value()) ++looked_at;
    if (i == 9 || i == 10 || i == 11 || i == 100 || i == 101 || i == 1000) {
      EXPECT_TRUE(owner_gets_in()) << i;
    }
    // Ten as fast as they can, and then one an hour, which is as fast as the locks allow.
    if (i >= 10 && i < 120) now += 1h;
  }
  EXPECT_EQ(looked_at, 100) << "a sign-in of the owner gives strangers no new guesses";
  EXPECT_EQ(notices(), 1);
  EXPECT_EQ(database.run_now(results_of, "password_closed"), std::vector<std::string>{"unknown_devices"});
}

TEST_P(Lockout, L20_TheLastAdministratorGetsInAsWell) {
  const UserId user = member(owner);
  const Origin by = origin();
  auto promote = [&](db::Tx& tx) { return accounts::set_role(tx, by, user, Role::admin); };
  ASSERT_TRUE(database.write_now(promote).has_value());
  EXPECT_EQ(guess_to_the_end(), 100);
  EXPECT_TRUE(owner_gets_in()) << "where the address was confirmed";
  EXPECT_FALSE(owner_gets_in("198.51.100.1"));
}

TEST_P(Lockout, TheHundredthFailureClosesThePasswordToUnknownDevicesUntilItIsSetAnew) {
  member(owner);
  EXPECT_EQ(guess_to_the_end(), 100);
  const auto refused = try_from("198.51.100.1", right).error();
  EXPECT_EQ(refused.code, ErrorCode::too_many_attempts) << "even the right one";
  EXPECT_EQ(refused.retry_after, 3600s);
  EXPECT_NE(refused.detail.find("new password"), std::string::npos);
  EXPECT_TRUE(owner_gets_in());
  now += 24h * 30;
  EXPECT_FALSE(owner_gets_in("198.51.100.1")) << "neither time nor a sign-in from a known device opens it";
  EXPECT_EQ(notices(), 1);

  recover("198.51.100.1", "another rather long one");
  EXPECT_EQ(failures().failed_sign_ins, 0);
  // The strangers go on at once, and lock it to each other.
  for (int i = 0; i < 20; ++i) guess();
  EXPECT_GT(failures().locked_until, now);
  EXPECT_TRUE(try_from("198.51.100.1", "another rather long one").has_value())
      << "the account knows where its new password came from";
  EXPECT_EQ(guess_to_the_end(), 90);
  EXPECT_EQ(notices(), 2) << "once for each time that it is closed";
}

TEST_P(Lockout, AnOperatorOpensItAgainToEverybody) {
  const UserId user = member(owner);
  EXPECT_EQ(guess_to_the_end(), 100);
  database.run_now(set_failures_of_devices, std::int64_t{99});
  EXPECT_EQ(try_from(home, "a wrong one").error().code, ErrorCode::invalid_credentials);
  EXPECT_FALSE(owner_gets_in());
  const auto by = operator_origin(now);
  auto unlock = [&](db::Tx& tx) { return accounts::unlock(tx, by, user); };
  ASSERT_TRUE(database.write_now(unlock).has_value());
  EXPECT_TRUE(owner_gets_in("198.51.100.1"));
  EXPECT_TRUE(owner_gets_in());
  auto nobody = [&](db::Tx& tx) { return accounts::unlock(tx, by, UserId{user.value + 1}); };
  EXPECT_EQ(database.write_now(nobody).error().code, ErrorCode::user_not_found);
}

TEST_P(Lockout, L22_EachKnownDeviceHasAHundredOfItsOwn) {
  const UserId user = member(owner);
  ASSERT_TRUE(owner_gets_in("198.51.100.1"));
  int looked_at = 0;
  for (int i = 0; i < 110; ++i) {
    looked_at +=
        try_from("198.51.100.1", "a wrong one").error().code == ErrorCode::invalid_credentials ? 1 : 0;
    now += 1h;
  }
  EXPECT_EQ(looked_at, 100);
  EXPECT_FALSE(owner_gets_in("198.51.100.1"));
  EXPECT_EQ(notices(), 1);
  EXPECT_EQ(failures().failed_sign_ins, 0);
  EXPECT_TRUE(owner_gets_in(home)) << "another known device";
  EXPECT_TRUE(owner_gets_in("198.51.100.2")) << "an unknown one";
  EXPECT_EQ(database.run_now(results_of, "password_closed"), std::vector<std::string>{"known_device"});
  recover("198.51.100.3", "another rather long one");
  EXPECT_TRUE(try_from("198.51.100.1", "another rather long one").has_value());
  EXPECT_EQ(devices(user).size(), 4U);
}

TEST_P(Lockout, L01_NobodyIsRefusedAsSomebodyIsUpToTheHundredthAndBeyond) {
  sign_up(owner).value();
  member("b@example.org");
  for (int i = 0; i < 120; ++i) {
    const auto somebody = guess("a@example.org");
    const auto confirmed = guess("b@example.org");
    const auto nobody = guess("nobody@example.org");
    ASSERT_EQ(somebody.has_value(), nobody.has_value()) << i;
    ASSERT_EQ(confirmed.has_value(), nobody.has_value()) << i;
    if (nobody.has_value()) {
      for (const auto& error : {*somebody, *confirmed}) {
        ASSERT_EQ(error.code, nobody->code) << i;
        ASSERT_EQ(error.retry_after, nobody->retry_after) << i;
        ASSERT_EQ(error.detail, nobody->detail) << i;
      }
    }
    now += i % 3 == 0 ? 20min : 1h;
  }
  EXPECT_NE(failures("b@example.org").password_closed_at, Timestamp{});
}

TEST_P(Lockout, L01_WhatIsKnownOfTheDeviceShowsNowhereElse) {
  // The same for whoever is elsewhere: an account that knows no device, and one that knows many.
  member("a@example.org");
  member("b@example.org");
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(try_from("198.51.100." + std::to_string(i), right, "b@example.org"));
  for (int i = 0; i < 15; ++i) {
    const auto one = guess("a@example.org");
    const auto other = guess("b@example.org");
    ASSERT_EQ(one.has_value(), other.has_value());
    if (one.has_value()) {
      ASSERT_EQ(one->retry_after, other->retry_after);
    }
  }
}

TEST_P(Lockout, TheHundredthMayBeTheRightOne) {
  const UserId user = member(owner);
  database.run_now(set_failures, std::int64_t{99}, owner);
  EXPECT_TRUE(owner_gets_in("198.51.100.1"));
  EXPECT_EQ(failures().failed_sign_ins, 0);
  EXPECT_EQ(failures().password_closed_at, Timestamp{});
  EXPECT_EQ(devices(user).size(), 2U) << "and is known from now on";
  EXPECT_EQ(notices(), 0);
}

TEST_P(Lockout, L11_OfFortyAtOnceOneIsTheHundredthAndOneMailIsSent) {
  member(owner);
  for (const int limit : {10, 100}) {
    settings.limits.login_failures = limit;
    database.run_now(set_failures, std::int64_t{99}, owner);
    int looked_at = 0;
    int answered = 0;
    auto ask = [&](int i) -> Task<void> {
      Origin by = origin();
      by.address = "198.51.100." + std::to_string(i);
      LoginInput input{.email = owner, .password = Secret("a wrong one")};
      const auto answer = co_await features::password::log_in(services, std::move(by), std::move(input));
      looked_at += answer.error().code == ErrorCode::invalid_credentials ? 1 : 0;
      ++answered;
    };
    // As many as the hashing queue takes.
    for (int i = 0; i < 14; ++i) asio::co_spawn(io, ask(i), asio::detached);
    io.restart();
    while (answered < 14 && io.run_one() > 0) continue;
    EXPECT_EQ(looked_at, 1) << limit;
    EXPECT_EQ(failures().failed_sign_ins, 100);
    EXPECT_NE(failures().password_closed_at, Timestamp{});
    EXPECT_EQ(notices(), 1);
    recover("198.51.100.99", right);
    for (const auto& mail : waiting_mails()) database.run_now(store::mails::current.delete_mail, mail.id);
  }
}

TEST_P(Lockout, ANewPasswordWhileTheHundredthIsJudgedIsNotClosed) {
  member(owner);
  const auto contact = database.run_now(users::find_contact, owner).value();
  signin::Attempt attempt;
  attempt.account = database.run_now(users::find_credentials, owner);
  attempt.number = signin::last_attempt;  // as it was counted
  const Origin by = origin();
  auto fail = [&](db::Tx& tx) { signin::close_after_failure(tx, services, by, attempt); };
  database.write_now(fail);
  EXPECT_EQ(failures().password_closed_at, Timestamp{}) << "the failures were forgotten meanwhile";
  EXPECT_EQ(notices(), 0);
  database.run_now(set_failures, std::int64_t{100}, owner);
  for (int i = 0; i < 2; ++i) database.write_now(fail);
  EXPECT_NE(failures().password_closed_at, Timestamp{});
  EXPECT_EQ(notices(), 1);
}

TEST_P(Lockout, WhoeverIsNotConfirmedOrBlockedGetsNoMail) {
  sign_up(owner).value();
  const UserId blocked = member("b@example.org");
  const Origin by = origin();
  auto block = [&](db::Tx& tx) { return accounts::set_access(tx, by, blocked, accounts::Access::blocked); };
  ASSERT_TRUE(database.write_now(block).has_value());
  for (const std::string email : {"a@example.org", "b@example.org"}) {
    database.run_now(set_failures, std::int64_t{99}, email);
    EXPECT_FALSE(guess(email).has_value());
    EXPECT_NE(failures(email).password_closed_at, Timestamp{});
  }
  EXPECT_EQ(notices(), 0);
}

TEST_P(Lockout, WhatAProgramBeforeCountedBeyondAHundredGetsOneMoreGuessAndTheMail) {
  member(owner);
  database.run_now(set_failures, std::int64_t{5000}, owner);
  EXPECT_FALSE(guess().has_value());
  EXPECT_TRUE(guess().has_value());
  EXPECT_NE(failures().password_closed_at, Timestamp{});
  EXPECT_EQ(notices(), 1);
}

TEST_P(Lockout, L21_F47_MalformedAddressesShareNoCount) {
  for (int i = 0; i < 15; ++i) {
    EXPECT_EQ(log_in("mistyped " + std::to_string(i)).error().code, ErrorCode::invalid_credentials);
    EXPECT_EQ(log_in(std::string(i, '@')).error().code, ErrorCode::invalid_credentials);
  }
  for (int i = 0; i < 9; ++i) log_in("mistyped 0").error();
  EXPECT_EQ(log_in("mistyped 0").error().code, ErrorCode::too_many_attempts)
      << "each has its own, as any other";
  EXPECT_EQ(log_in("mistyped 1").error().code, ErrorCode::invalid_credentials);
}

TEST_P(Lockout, TheAuditSaysWhetherTheDeviceWasKnown) {
  member(owner);
  guess();
  EXPECT_EQ(database.run_now(last_detail), "sign_in invalid_credentials unknown device");
  try_from(home, "a wrong one").error();
  EXPECT_EQ(database.run_now(last_detail), "sign_in invalid_credentials known device");
  ASSERT_TRUE(owner_gets_in("198.51.100.1"));
  EXPECT_EQ(database.run_now(last_detail), "sign_in ok unknown device");
  ASSERT_TRUE(owner_gets_in("198.51.100.1"));
  EXPECT_EQ(database.run_now(last_detail), "sign_in ok known device");
  for (int i = 0; i < 11; ++i) guess();
  EXPECT_EQ(database.run_now(last_detail), "sign_in too_many_attempts unknown device");
}

TEST_P(Lockout, ADeviceIsANetworkOfOneAccount) {
  member(owner);
  member("b@example.org");
  ASSERT_TRUE(owner_gets_in("2001:db8:1:2::1"));
  const auto known = [&](const std::string& where, const std::string& email = owner) {
    const auto subject = database.run_now(users::find_credentials, email)->subject;
    return wait(signin::find_device(services, ClientNetwork::of(where), subject)).known.has_value();
  };
  EXPECT_TRUE(known("2001:db8:1:2:3:4:5:6"));
  EXPECT_FALSE(known("2001:db8:1:3::1"));
  EXPECT_FALSE(known("2001:db8:1:2::1", "b@example.org"));
  EXPECT_TRUE(known("::ffff:192.0.2.1"));
  EXPECT_FALSE(known("192.0.2.2"));
  EXPECT_FALSE(wait(signin::find_device(services, ClientNetwork::of(home), Subject{})).known.has_value());
}

TEST_P(Lockout, AnAccountKnowsTwentyDevicesForFourHundredDays) {
  const Timestamp start = now;
  const UserId user = member(owner);
  for (int i = 0; i < 30; ++i) {
    now += 1min;
    ASSERT_TRUE(owner_gets_in("198.51.100." + std::to_string(i)));
    if (i == 15) {
      now += 1s;
      ASSERT_TRUE(owner_gets_in());
    }
  }
  const auto known = devices(user);
  ASSERT_EQ(known.size(), 20U);
  EXPECT_EQ(known.front().last_seen_at, now);
  EXPECT_TRUE(std::ranges::any_of(known, [&](const auto& device) { return device.first_seen_at == start; }))
      << "the twenty that were seen last, whenever they were seen first";
  member("b@example.org");
  Clock clock;
  app::Housekeeping housekeeping(services, clock, app::sweeps());
  now += signin::device_ttl - 1min;
  housekeeping.sweep(now);
  EXPECT_EQ(devices(user).size(), 1U);
  EXPECT_EQ(database.run_now(count_devices), 2);
  now += 1min;
  housekeeping.sweep(now);
  EXPECT_EQ(database.run_now(count_devices), 0);
}

TEST_P(Lockout, WhereNothingIsCountedAKnownDeviceIsWrittenOnceADay) {
  settings.limits.enabled = false;
  const UserId user = member(owner);
  const auto seen = [&] { return devices(user).front().last_seen_at; };
  const auto first = seen();
  now += 24h - 1s;
  ASSERT_TRUE(owner_gets_in());
  EXPECT_EQ(seen(), first);
  now += 1s;
  ASSERT_TRUE(owner_gets_in());
  EXPECT_EQ(seen(), now);
}

TEST_P(Lockout, AnotherMasterSecretOrARestoreForgetsNoDevice) {
  const UserId user = member(owner);
  const Secret first("0123456789abcdef0123456789abcdef");
  const auto subject = database.run_now(users::find_credentials, owner)->subject;
  const auto before = devices(user).front().id;
  const crypto::Keyring restored(first, {}, 7);
  EXPECT_EQ(signin::device_id(restored, subject, ClientNetwork::of(home)), before);

  std::vector<Secret> previous;
  previous.push_back(first.copy());
  keys::Keys next(database, Secret("fedcba9876543210fedcba9876543210"), std::move(previous));
  next.reload();
  Services later{.database = database,
                 .hashing = hashing,
                 .keys = next,
                 .unknown_addresses = unknown_addresses,
                 .repeated_refusals = repeated_refusals,
                 .settings = settings,
                 .public_url = services.public_url,
                 .wake_mail = [] {}};
  EXPECT_TRUE(wait(signin::find_device(later, ClientNetwork::of(home), subject)).known.has_value());
  ASSERT_TRUE(wait(features::password::log_in(later, origin(), {.email = owner, .password = Secret(right)})));
  ASSERT_EQ(devices(user).size(), 1U);
  EXPECT_NE(devices(user).front().id, before) << "named under the new one from now on";
  EXPECT_TRUE(wait(signin::find_device(later, ClientNetwork::of(home), subject)).known.has_value());
  EXPECT_FALSE(wait(signin::find_device(services, ClientNetwork::of(home), subject)).known.has_value());
}

TEST_P(Lockout, AStrangerWhoSignedUpFirstLeavesNoDevice) {
  settings.accounts.confirmation = settings::Confirmation::required;
  const auto stranger = sign_up(owner).value().user;
  auto plant = [&](db::Tx& tx) { signin::remember_device(tx, stranger.id, DeviceId{}, now); };
  database.write_now(plant);
  recover("198.51.100.1", "another rather long one");
  ASSERT_EQ(devices(stranger.id).size(), 1U);
  EXPECT_NE(devices(stranger.id).front().id, DeviceId{});
}

}  // namespace
}  // namespace latchkey::flow
