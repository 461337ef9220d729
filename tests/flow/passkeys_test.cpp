// Passkeys: what happens to an account while they are added, used and removed, also many at once.

#include <cstdlib>

#include "features/passkeys/add_passkey.h"
#include "features/passkeys/options.h"
#include "features/passkeys/own_passkeys.h"
#include "features/passkeys/sign_in.h"
#include "features/password/give_password.h"
#include "flow/sessions/authenticate.h"
#include "flow/signin/events.h"
#include "flow/world.h"
#include "store/devices.h"
#include "store/factors.h"
#include "store/recovery_codes.h"
#include "store/scheduled.h"
#include "store/sessions.h"
#include "store/spent.h"
#include "unit/crypto/webauthn/authenticator.h"

namespace latchkey::flow {
namespace {

namespace users = store::users;
using crypto::webauthn::test::Authenticator;
using features::passkeys::Owner;

constexpr db::Statement<db::Affected, UserId> take_password{
    "UPDATE users SET password_hash = 'steps:' WHERE id = $1"};
constexpr db::Statement<std::optional<std::int64_t>> count_spent{"SELECT count(*) FROM spent"};
constexpr db::Statement<std::optional<std::int64_t>, std::string> count_audit_of{
    "SELECT count(*) FROM audit WHERE event = $1"};

constexpr std::uint8_t seen = Authenticator::present | Authenticator::verified;

class Passkeys : public World {
 protected:
  /// An authenticator at the page of this server.
  static Authenticator authenticator(std::uint8_t number = 9) {
    Authenticator made;
    made.rp_id = "localhost";
    made.origin = "http://localhost:8080";
    made.id = Bytes(16, number);
    return made;
  }
  /// Signed in by password and passkey.
  Owner owner(const std::string& email) {
    const auto account = database.run_now(users::find_credentials, email).value();
    constexpr auto done = signin::Done().with(signin::Proof::password).with(signin::Proof::passkey);
    return {
        .id = account.id, .subject = account.subject, .session = open_session(account.id, done.bits()).id};
  }
  template <class Challenge>
  static void answer_to(Authenticator& made, const Challenge& challenge) {
    made.challenge.assign(challenge.begin(), challenge.end());
  }

  Result<features::passkeys::AddedPasskey> add(Authenticator& made, const Owner& whose) {
    const auto options = wait(features::passkeys::registration_options(services, origin(), whose)).value();
    answer_to(made, options.challenge);
    return wait(features::passkeys::add_passkey(services, origin(), whose, made_by(made)));
  }
  static features::passkeys::NewPasskey made_by(const Authenticator& made) {
    const Bytes data = made.data(seen | Authenticator::with_credential);
    return {.name = "Passkey",
            .id = made.id,
            .client_data_json = made.client_data("webauthn.create"),
            .attestation_object = Authenticator::object("none", Bytes{0xa0}, data),
            .transports = {"internal"}};
  }

  /// Right for the challenge that the authenticator holds.
  static signin::PasskeyAssertion assertion(const Authenticator& made, const Owner& whose) {
    const std::string client_data = made.client_data("webauthn.get");
    const Bytes data = made.data(seen);
    return {.id = made.id,
            .client_data_json = client_data,
            .authenticator_data = data,
            .signature = made.sign(data, client_data),
            .user_handle = Bytes(whose.subject.bytes.begin(), whose.subject.bytes.end())};
  }
  signin::PasskeyAssertion fresh(Authenticator& made, const Owner& whose) {
    const auto options = wait(features::passkeys::sign_in_options(services, origin(), std::nullopt)).value();
    answer_to(made, options.challenge);
    return assertion(made, whose);
  }
  Result<sessions::TokenPair> sign_in(signin::PasskeyAssertion given) {
    return wait(features::passkeys::sign_in(services, origin(), std::nullopt, std::move(given)));
  }

  std::size_t passkeys_of(const Owner& whose) {
    return wait(features::passkeys::list_own_passkeys(services, whose)).size();
  }
  std::int64_t audited(const std::string& event) { return database.run_now(count_audit_of, event).value(); }
};

LATCHKEY_ON_EVERY_DATABASE(Passkeys);

using Outcomes = std::map<std::string, int>;

TEST_P(Passkeys, Y38_OfAHundredAnswersToOneChallengeOneSignsIn) {
  member("a@example.org");
  const Owner mine = owner("a@example.org");
  auto made = authenticator();
  ASSERT_TRUE(add(made, mine).has_value());
  // Another node, which has the same secret and nothing else in common but the store.
  keys::Keys others(database, Secret("0123456789abcdef0123456789abcdef"), {});
  others.reload();
  Services elsewhere = services_with(others);
  const auto given = fresh(made, mine);
  const auto sessions = database.run_now(count_sessions).value();
  const auto outcomes = at_once<sessions::TokenPair>(100, [&](int i) -> Task<Result<sessions::TokenPair>> {
    return features::passkeys::sign_in(i % 2 == 0 ? services : elsewhere, origin(), std::nullopt, given);
  });
  EXPECT_EQ(outcomes, (Outcomes{{"ok", 1}, {"invalid_passkey", 99}}));
  EXPECT_EQ(database.run_now(count_sessions), sessions + 1);
  EXPECT_EQ(database.run_now(count_spent), 2) << "the challenges of the registration and of this sign-in";
  EXPECT_EQ(audited("passkey_counter"), 0) << "the same answer twice is no copy of the credential";
}

TEST_P(Passkeys, Y39_OfManyRegistrationsWithOneChallengeOneIsTaken) {
  member("a@example.org");
  const Owner mine = owner("a@example.org");
  auto made = authenticator();
  answer_to(made, wait(features::passkeys::registration_options(services, origin(), mine))->challenge);
  const auto outcomes = at_once<features::passkeys::AddedPasskey>(
      40, [&](int i) -> Task<Result<features::passkeys::AddedPasskey>> {
        // Different credentials: only the challenge is the same.
        auto another = made_by(made);
        another.id[0] = static_cast<std::uint8_t>(i);
        auto copy = authenticator();
        copy.challenge = made.challenge;
        copy.id = another.id;
        return features::passkeys::add_passkey(services, origin(), mine, made_by(copy));
      });
  EXPECT_EQ(outcomes, (Outcomes{{"ok", 1}, {"invalid_passkey", 39}}));
  EXPECT_EQ(passkeys_of(mine), 1U);
  EXPECT_EQ(database.run_now(store::recovery_codes::count_codes, mine.id), 10);
  EXPECT_EQ(database.run_now(users::find_credentials_by_id, mine.id)->security_version, 1);
}

TEST_P(Passkeys, Y11_OfTwoAnswersWithOneCounterOneIsACopy) {
  member("a@example.org");
  const Owner mine = owner("a@example.org");
  auto made = authenticator();
  made.sign_count = 5;
  ASSERT_TRUE(add(made, mine).has_value());
  made.sign_count = 6;
  const std::array given{fresh(made, mine), fresh(made, mine)};
  const auto outcomes = at_once<sessions::TokenPair>(2, [&](int i) -> Task<Result<sessions::TokenPair>> {
    return features::passkeys::sign_in(services, origin(), std::nullopt, given[static_cast<std::size_t>(i)]);
  });
  EXPECT_EQ(outcomes, (Outcomes{{"ok", 1}, {"invalid_passkey", 1}}));
  EXPECT_EQ(audited("passkey_counter"), 1);
  made.sign_count = 7;
  EXPECT_TRUE(sign_in(fresh(made, mine)).has_value());
}

TEST_P(Passkeys, Y15_TheLastWayInStays) {
  member("a@example.org");
  const Owner mine = owner("a@example.org");
  auto first = authenticator(1);
  auto second = authenticator(2);
  ASSERT_TRUE(add(first, mine).has_value());
  ASSERT_TRUE(add(second, mine).has_value());
  database.run_now(take_password, mine.id);
  const auto remove = [&](const Authenticator& which) {
    return wait(features::passkeys::remove_own_passkey(services, origin(), mine, which.id));
  };
  EXPECT_TRUE(remove(first).has_value());
  const auto before = database.run_now(users::find_credentials_by_id, mine.id).value();
  EXPECT_EQ(remove(first).error().code, ErrorCode::passkey_not_found);
  EXPECT_EQ(remove(second).error().code, ErrorCode::last_way_in);
  const auto after = database.run_now(users::find_credentials_by_id, mine.id).value();
  EXPECT_EQ(after.security_version, before.security_version) << "a refusal changes nothing";
  EXPECT_EQ(after.password_hash, before.password_hash);
  EXPECT_EQ(passkeys_of(mine), 1U);
  EXPECT_EQ(database.run_now(store::recovery_codes::count_codes, mine.id), 10);
  EXPECT_TRUE(sign_in(fresh(second, mine)).has_value());
}

TEST_P(Passkeys, Y15_OfManyRemovalsAtOnceNoneTakesTheLastWayIn) {
  member("a@example.org");
  const Owner mine = owner("a@example.org");
  std::array both{authenticator(1), authenticator(2)};
  for (auto& made : both) ASSERT_TRUE(add(made, mine).has_value());
  database.run_now(take_password, mine.id);
  // Twenty removals a round: ten thousand with LATCHKEY_FULL=1.
  const int rounds = std::getenv("LATCHKEY_FULL") != nullptr ? 500 : 15;
  for (int round = 0; round < rounds; ++round) {
    const auto outcomes = at_once<void>(20, [&](int i) -> Task<Result<>> {
      return features::passkeys::remove_own_passkey(services, origin(), mine,
                                                    both[static_cast<std::size_t>(i % 2)].id);
    });
    ASSERT_EQ(outcomes.at("ok"), 1) << round;
    ASSERT_EQ(passkeys_of(mine), 1U) << round;
    for (auto& made : both) {
      if (!database.run_now(store::passkeys::find_passkey, made.id).has_value()) {
        ASSERT_TRUE(add(made, mine).has_value());
      }
    }
  }
}

TEST_P(Passkeys, FA41_APasskeyThatIsAddedStopsTheRemovalOfLostFactors) {
  member("a@example.org");
  const Owner mine = owner("a@example.org");
  const std::string kind(store::scheduled::factor_removal);
  const auto is_waiting = [&] {
    return database.run_now(store::scheduled::find_of_user, mine.id, kind).has_value();
  };
  database.run_now(store::scheduled::insert_scheduled, LinkId{{1}}, mine.id, kind, std::string(), now,
                   now + std::chrono::days(7));
  ASSERT_TRUE(is_waiting());
  auto made = authenticator();
  ASSERT_TRUE(add(made, mine).has_value());
  EXPECT_FALSE(is_waiting());
}

TEST_P(Passkeys, APasskeyThatIsAddedOrRemovedVoidsWhatIsUnderWay) {
  member("a@example.org");
  const Owner mine = owner("a@example.org");
  auto made = authenticator();
  ASSERT_TRUE(add(made, mine).has_value());
  const auto asked = log_in("a@example.org");
  ASSERT_EQ(asked.error().code, ErrorCode::second_factor_required);
  const std::string token = asked.error().step->login_token;
  auto second = authenticator(2);
  ASSERT_TRUE(add(second, mine).has_value());
  EXPECT_EQ(wait(features::passkeys::sign_in_options(services, origin(), token)).error().code,
            ErrorCode::invalid_login_token);
  EXPECT_EQ(wait(features::passkeys::sign_in(services, origin(), token, fresh(made, mine))).error().code,
            ErrorCode::invalid_login_token);

  // Removed between the proof and the session.
  auto account = database.run_now(users::find_credentials_by_id, mine.id).value();
  auto proved = wait(signin::prove_passkey(services, origin(), signin::events::sign_in,
                                           signin::Ceremony::sign_in, fresh(second, mine), std::nullopt));
  ASSERT_TRUE(proved.has_value());
  ASSERT_TRUE(wait(features::passkeys::remove_own_passkey(services, origin(), mine, second.id)).has_value());
  const signin::Progress progress{
      .account = proved->account, .done = {}, .first_proof_at = now, .token = {}, .binding = {}};
  const auto sessions = database.run_now(count_sessions);
  EXPECT_TRUE(wait(signin::go_on(services, origin(), progress, proved->done, proved->consume)).has_error());
  EXPECT_EQ(database.run_now(count_sessions), sessions);
}

TEST_P(Passkeys, R16_OtherSessionsEndWhereTheOwnerAsks) {
  member("a@example.org");
  const Owner mine = owner("a@example.org");
  const auto session_of = [&](const sessions::TokenPair& tokens) {
    return wait(sessions::authenticate(services, now, tokens.access_token)).value().session;
  };
  const SessionId kept = mine.session;
  ASSERT_TRUE(log_in("a@example.org").has_value());
  auto made = authenticator(1);
  auto second = authenticator(2);
  ASSERT_TRUE(add(made, mine).has_value());
  EXPECT_EQ(database.run_now(count_sessions), 2) << "nobody asked";
  answer_to(second, wait(features::passkeys::registration_options(services, origin(), mine))->challenge);
  ASSERT_TRUE(
      wait(features::passkeys::add_passkey(services, origin(), mine, made_by(second), {.all_but = kept}))
          .has_value());
  EXPECT_EQ(database.run_now(count_sessions), 1);
  const SessionId newer = session_of(sign_in(fresh(made, mine)).value());
  ASSERT_TRUE(
      wait(features::passkeys::remove_own_passkey(services, origin(), mine, second.id, {.all_but = newer}))
          .has_value());
  EXPECT_EQ(database.run_now(count_sessions), 1);
  EXPECT_TRUE(database.run_now(store::sessions::find_proved, newer).has_value());
}

TEST_P(Passkeys, APasskeyWithoutVerificationThenThePassword) {
  member("a@example.org");
  const Owner mine = owner("a@example.org");
  auto made = authenticator();
  ASSERT_TRUE(add(made, mine).has_value());
  auto given = fresh(made, mine);
  given.authenticator_data = made.data(Authenticator::present);
  given.signature = made.sign(given.authenticator_data, given.client_data_json);
  const auto asked = sign_in(given);
  ASSERT_EQ(asked.error().code, ErrorCode::password_required);
  const std::string token = asked.error().step->login_token;
  const auto give = [&](const char* password) {
    return wait(features::password::give_password(services, origin(), token, Secret(password)));
  };
  const auto failed = [&] {
    return database.run_now(users::find_credentials_by_id, mine.id)->failed_sign_ins +
           database.run_now(store::devices::list_devices_of, mine.id).at(0).failed_sign_ins;
  };
  const auto sessions = database.run_now(count_sessions).value();
  EXPECT_EQ(give("wrong").error().code, ErrorCode::invalid_credentials);
  EXPECT_EQ(failed(), 1) << "it counts as at the first step";
  EXPECT_EQ(database.run_now(count_sessions), sessions);
  EXPECT_TRUE(give("correct horse battery").has_value());
  EXPECT_EQ(failed(), 0);
  EXPECT_EQ(give("correct horse battery").error().code, ErrorCode::invalid_login_token);
  EXPECT_EQ(database.run_now(count_sessions), sessions + 1);
}

TEST_P(Passkeys, ChallengesAreBoundToCeremonyAccountAndFiveMinutes) {
  const auto& ring = keys.current()->ring();
  const Subject one{{1}};
  const Subject other{{2}};
  using signin::Ceremony;
  const auto challenge = signin::make_passkey_challenge(ring, Ceremony::registration, one, now);
  const auto read = [&](Ceremony ceremony, const Subject& account, Timestamp at) {
    return signin::read_passkey_challenge(ring, ceremony, account, challenge, at).has_value();
  };
  EXPECT_TRUE(read(Ceremony::registration, one, now));
  EXPECT_TRUE(read(Ceremony::registration, one, now + std::chrono::minutes(5) - Microseconds(1)));
  EXPECT_TRUE(read(Ceremony::registration, one, now - std::chrono::minutes(1))) << "another node's clock";
  EXPECT_FALSE(read(Ceremony::registration, one, now + std::chrono::minutes(5)));
  EXPECT_FALSE(read(Ceremony::registration, one, now - std::chrono::minutes(2)));
  EXPECT_FALSE(read(Ceremony::registration, other, now));
  EXPECT_FALSE(read(Ceremony::recent_proof, one, now));
  EXPECT_FALSE(read(Ceremony::sign_in, one, now));
  for (std::size_t at = 0; at < challenge.size(); ++at) {
    auto changed = challenge;
    changed[at] ^= 1;
    EXPECT_FALSE(signin::read_passkey_challenge(ring, Ceremony::registration, one, changed, now).has_value())
        << at;
  }
  EXPECT_FALSE(
      signin::read_passkey_challenge(ring, Ceremony::registration, one, ByteView(challenge).first(39), now));
  const crypto::Keyring strange(Secret("another master secret, of 32 bytes"), {}, 0);
  EXPECT_FALSE(signin::read_passkey_challenge(strange, Ceremony::registration, one, challenge, now));
}

TEST_P(Passkeys, Y16_AKnownDevicesWrongPasswordsOutliveASignInWithAPasskey) {
  member("a@example.org");
  const Owner mine = owner("a@example.org");
  auto made = authenticator();
  ASSERT_TRUE(add(made, mine).has_value());
  ASSERT_TRUE(sign_in(fresh(made, mine)).has_value());  // the device is known from now on
  EXPECT_EQ(log_in("a@example.org", "wrong").error().code, ErrorCode::invalid_credentials);
  const auto failed = [&] {
    return database.run_now(store::devices::list_devices_of, mine.id).at(0).failed_sign_ins;
  };
  ASSERT_EQ(failed(), 1);
  now += std::chrono::hours(48);  // seen again after more than a day
  ASSERT_TRUE(sign_in(fresh(made, mine)).has_value());
  EXPECT_EQ(failed(), 1);
}

}  // namespace
}  // namespace latchkey::flow
