// A session that ends, or a proof that gets too old, between the check of a request and its write: whatever
// the caller was about to change stays as it was.

#include <functional>
#include <map>

#include "crypto/totp.h"
#include "features/activity/export.h"
#include "features/administration/block_user.h"
#include "features/deletion/schedule.h"
#include "features/passkeys/add_passkey.h"
#include "features/passkeys/options.h"
#include "features/profile/change.h"
#include "features/recovery_codes/codes.h"
#include "features/sessions/own_sessions.h"
#include "features/sudo/prove.h"
#include "features/totp/enrolment.h"
#include "features/totp/set_up.h"
#include "flow/accounts/accounts.h"
#include "flow/accounts/take_back.h"
#include "flow/owner.h"
#include "store/recovery_codes.h"
#include "unit/crypto/webauthn/authenticator.h"

namespace latchkey::flow {
namespace {

using namespace std::chrono_literals;

/// All that the owner of an account could miss, as one number each.
struct Kept {
  std::int64_t version = 0;
  std::string username;
  std::string language;
  std::string password_hash;
  std::int64_t apps = 0, passkeys = 0, names = 0, codes = 0, scheduled = 0, mails = 0, sessions = 0,
               entries = 0;
  auto operator<=>(const Kept&) const = default;
};
BOOST_DESCRIBE_STRUCT(Kept, (),
                      (version, username, language, password_hash, apps, passkeys, names, codes, scheduled,
                       mails, sessions, entries))
constexpr db::Statement<std::optional<Kept>, UserId> find_kept{
    "SELECT security_version, username, language, password_hash, "
    "(SELECT count(*) FROM totp t WHERE t.user_id = u.id), "
    "(SELECT count(*) FROM passkeys p WHERE p.user_id = u.id), "
    "(SELECT count(*) FROM passkeys p WHERE p.user_id = u.id AND p.name = 'key'), "
    "(SELECT count(*) FROM recovery_codes r WHERE r.user_id = u.id), "
    "(SELECT count(*) FROM scheduled s WHERE s.user_id = u.id), "
    "(SELECT count(*) FROM mails m WHERE m.user_id = u.id), "
    "(SELECT count(*) FROM sessions s WHERE s.user_id = u.id), (SELECT count(*) FROM audit a WHERE a.result "
    "= 'ok') "
    "FROM users u WHERE u.id = $1"};
/// What thieves do, after the owner took the account back.
constexpr db::Statement<std::optional<std::int64_t>, std::string> count_late{
    "SELECT count(*) FROM audit WHERE result = 'ok' AND id > (SELECT max(id) FROM audit WHERE event = $1) "
    "AND "
    "event IN ('factor_added', 'factor_removed', 'recovery_codes_made', 'username_changed', "
    "'email_change_asked', 'password_changed', 'password_removed', 'passkey_renamed', "
    "'deletion_scheduled', 'data_exported', 'session_ended', 'logout_all', 'proved_again')"};

class HeldCaller : public OwnerWorld {
 protected:
  using Caller = flow::sessions::Caller;
  static constexpr std::int64_t by_password = 1;
  static constexpr std::int64_t by_passkey = 5;

  Caller caller(UserId id, std::int64_t methods = by_passkey) {
    const auto pair = flow::sessions::make_token_pair(services, open_session(id, methods), now);
    return wait(flow::sessions::authenticate(services, now, pair.access_token)).value();
  }
  features::passkeys::Owner owner_of(const Caller& by) {
    return {.id = by.user.id, .subject = by.user.subject, .session = by.session};
  }
  features::totp::Own own_of(const Caller& by) {
    return {.user = by.user.id,
            .subject = by.user.subject,
            .session = by.session,
            .email = std::string(std::string_view(by.user.email))};
  }
  static ErrorCode outcome(const auto& result) {
    return result.has_error() ? result.error().code : ErrorCode::internal;  // stands for success
  }

  features::passkeys::NewPasskey passkey_for(const Caller& by, std::uint8_t number) {
    crypto::webauthn::test::Authenticator made;
    made.rp_id = "localhost";
    made.origin = "http://localhost:8080";
    made.id = Bytes(16, number);
    const auto challenge = signin::make_passkey_challenge(
        keys.current()->ring(), signin::Ceremony::registration, by.user.subject, now);
    made.challenge.assign(challenge.begin(), challenge.end());
    constexpr auto flags = made.present | made.verified | made.with_credential;
    return {.name = "Passkey",
            .id = made.id,
            .client_data_json = made.client_data("webauthn.create"),
            .attestation_object = made.object("none", Bytes{0xa0}, made.data(flags)),
            .transports = {}};
  }
  Task<Result<features::totp::Confirmed>> set_up_app(Caller by) {
    const Secret secret("12345678901234567890");
    features::totp::Enrolment enrolment{
        .secret = secret.copy(), .version = contact(by.user.id).security_version, .begun_at = now};
    auto sealed = features::totp::seal_enrolment(keys.current()->ring(), by.user.subject, enrolment);
    auto code = crypto::totp_code(secret, crypto::totp_step(now));
    auto own = own_of(by);
    return features::totp::confirm(services, origin(), std::move(own), std::move(sealed), std::move(code),
                                   features::totp::OtherSessions::end);
  }
  Task<Result<>> change_password(Caller by, std::optional<Secret> current) {
    features::password_change::Change change{.current = std::move(current),
                                             .password = Secret("a much better password"),
                                             .others = features::password_change::OtherSessions::end,
                                             .language = ""};
    return features::password_change::change_password(services, origin(), std::move(by), std::move(change));
  }

  /// What a signed-in caller can change, each by its name.
  struct Write {
    std::string name;
    bool is_sudo = false;  ///< asks for a recent proof
    std::function<ErrorCode(const Caller&)> run;
  };
  std::vector<Write> writes() {
    using Asker = flow::sessions::Asker;
    const auto asker = [](const Caller& by) -> Asker { return flow::sessions::asker_of(by); };
    std::vector<Write> all;
    const auto add = [&](std::string name, bool is_sudo, std::function<ErrorCode(const Caller&)> run) {
      all.push_back({.name = std::move(name), .is_sudo = is_sudo, .run = std::move(run)});
    };
    add("add a passkey", true, [this](const Caller& by) {
      return outcome(
          wait(features::passkeys::add_passkey(services, origin(), owner_of(by), passkey_for(by, 99))));
    });
    add("rename a passkey", true, [this](const Caller& by) {
      const auto name = passkey_name(by.user.id);
      return outcome(
          wait(features::passkeys::rename_own_passkey(services, origin(), owner_of(by), name, "mine")));
    });
    add("remove a passkey", true, [this](const Caller& by) {
      const auto name = passkey_name(by.user.id);
      return outcome(wait(features::passkeys::remove_own_passkey(services, origin(), owner_of(by), name)));
    });
    add("set up an app", true, [this](const Caller& by) { return outcome(wait(set_up_app(by))); });
    add("remove the app", true, [this](const Caller& by) {
      return outcome(
          wait(features::totp::remove(services, origin(), own_of(by), features::totp::OtherSessions::end)));
    });
    add("new recovery codes", true, [this, asker](const Caller& by) {
      return outcome(wait(features::recovery_codes::renew(services, origin(), asker(by))));
    });
    add("export", true, [this, asker](const Caller& by) {
      return outcome(wait(features::activity::gather(services, origin(), asker(by))));
    });
    add("another user name", false, [this, asker](const Caller& by) {
      return outcome(wait(features::profile::change_profile(services, origin(), asker(by),
                                                            {.username = "another", .language = {}})));
    });
    add("another language", false, [this, asker](const Caller& by) {
      return outcome(wait(features::profile::change_profile(services, origin(), asker(by),
                                                            {.username = {}, .language = "de"})));
    });
    add("ask for another address", true, [this](const Caller& by) {
      return outcome(ask(by, "new-" + std::string(std::string_view(by.user.email))));
    });
    add("confirm another address", false, [this, asker](const Caller& by) {
      const std::string to = "new-" + std::string(std::string_view(by.user.email));
      auto proved = wait(changes::look_at_change(services, origin(), change_token(to)));
      if (proved.has_error()) return ErrorCode::not_found;  // the test has not asked for it
      return outcome(wait(changes::confirm_own_change(services, origin(), asker(by), *proved, "")));
    });
    add("another password, by a recent proof", true,
        [this](const Caller& by) { return outcome(wait(change_password(by, std::nullopt))); });
    add("another password, by the current one", false,
        [this](const Caller& by) { return outcome(wait(change_password(by, Secret(password)))); });
    add("remove the password", true, [this](const Caller& by) {
      return outcome(wait(features::password_change::remove_password(services, origin(), by, "")));
    });
    add("end another session", false, [this](const Caller& by) {
      const auto others = database.run_now(store::sessions::list_live_after, by.user.id, by.session, now,
                                           store::sessions::before_all.created_at,
                                           store::sessions::before_all.id, std::int64_t{1});
      const features::sessions::Own own{.user = by.user.id, .current = by.session};
      return outcome(wait(features::sessions::end_own_session(services, origin(), own, others.at(0).id)));
    });
    add("sign out everywhere", false, [this](const Caller& by) {
      const features::sessions::Own own{.user = by.user.id, .current = by.session};
      return outcome(wait(features::sessions::log_out_everywhere(services, origin(), own)));
    });
    add("prove again", false, [this](const Caller& by) {
      const Secret secret("12345678901234567890");
      const features::sudo::Own own{.subject = by.user.subject, .session = by.session};
      const auto step = crypto::totp_step(now) + 1;
      return outcome(wait(features::sudo::prove(services, origin(), own,
                                                features::sudo::ByTotp{crypto::totp_code(secret, step)})));
    });
    const auto remove = [this, asker](const Caller& by) {
      return outcome(wait(features::deletion::schedule_deletion(
          services, origin(), asker(by), std::string(std::string_view(by.user.email)), "")));
    };
    add("delete the account", true, remove);
    add("delete the account at once", true, [this, remove](const Caller& by) {
      settings.accounts.deletion_grace = 0s;
      const auto done = remove(by);
      settings.accounts.deletion_grace = 14 * 24h;
      return done;
    });
    return all;
  }
  Bytes passkey_name(UserId id) { return Bytes{static_cast<std::uint8_t>(id.value)}; }

  /// A member with everything that the writes need: a passkey, an app, another session, and an address that
  /// waits for its confirmation where `asks` is true.
  UserId owner_with_all(const std::string& email) {
    const UserId id = member(email);
    add_passkey(id, static_cast<std::uint8_t>(id.value));
    EXPECT_TRUE(wait(set_up_app(caller(id))).has_value());
    open_session(id);
    return id;
  }
  Kept kept(UserId id) { return database.run_now(find_kept, id).value(); }
  void end_session(const Caller& by) {
    EXPECT_TRUE(database.run_now(store::sessions::delete_session, by.session).has_value());
  }
};

LATCHKEY_ON_EVERY_DATABASE(HeldCaller);

TEST_P(HeldCaller, AllWritesWorkForALiveSession) {
  int number = 0;
  for (const auto& write : writes()) {
    const UserId id = owner_with_all("w" + std::to_string(number++) + "@example.org");
    const auto by = caller(id);
    if (write.name == "confirm another address") {
      ASSERT_TRUE(ask(by, "new-" + std::string(std::string_view(by.user.email))).has_value());
    }
    const auto before = kept(id);
    EXPECT_EQ(write.run(by), ErrorCode::internal) << write.name;
    const auto after = database.run_now(find_kept, id);
    EXPECT_TRUE(!after.has_value() || *after != before) << write.name << " is to change something";
  }
}

TEST_P(HeldCaller, C60WhatASessionIsAboutToDoWhenItEndsChangesNothing) {
  const UserId id = owner_with_all("a@example.org");
  ASSERT_TRUE(ask(caller(id), "new-a@example.org").has_value());
  const auto by = caller(id);
  end_session(by);
  const auto before = kept(id);
  for (const auto& write : writes()) {
    EXPECT_EQ(write.run(by), ErrorCode::invalid_token) << write.name;
    EXPECT_EQ(kept(id), before) << write.name;
  }
}

TEST_P(HeldCaller, C60AlsoWhenItHasExpiredOrItsAccountWasBlocked) {
  const UserId id = owner_with_all("a@example.org");
  ASSERT_TRUE(ask(caller(id), "new-a@example.org").has_value());
  const auto by = caller(id);
  const auto hold = [&](Timestamp at) {
    auto work = [&](db::Tx& tx) {
      return hold_caller(tx, at, flow::sessions::asker_of(by), flow::sessions::Recency::any);
    };
    return outcome(database.write_now(work));
  };
  EXPECT_EQ(hold(now), ErrorCode::internal);
  EXPECT_EQ(hold(now + settings.tokens.refresh_idle_ttl), ErrorCode::invalid_token);
  // The sessions of a blocked account end with the block; one that was overlooked is of no use.
  database.run_now(users::update_is_active, false, now, id);
  const auto before = kept(id);
  for (const auto& write : writes()) {
    if (write.name == "confirm another address") continue;  // refused before: the link is void
    EXPECT_EQ(write.run(by), ErrorCode::invalid_token) << write.name;
    EXPECT_EQ(kept(id), before) << write.name;
  }
}

TEST_P(HeldCaller, C61AProofThatIsTooOldOrTooWeakByNowChangesNothing) {
  const UserId id = owner_with_all("a@example.org");
  // In the moment of the check the account had no factor.
  const auto weak = caller(id, by_password);
  const auto old = caller(id);
  const auto refuse = [&](const Caller& by) {
    const auto before = kept(id);
    for (const auto& write : writes()) {
      if (!write.is_sudo) continue;
      EXPECT_EQ(write.run(by), ErrorCode::recent_sign_in_required) << write.name;
      EXPECT_EQ(kept(id), before) << write.name;
    }
  };
  refuse(weak);
  now += 10min;
  refuse(old);
}

/// The thief has signed in, and everything that the thief can do is under way when the owner ends that.
TEST_P(HeldCaller, C62NothingOfAThiefLandsAfterTheOwnerHasTakenTheAccountBack) {
  for (int round = 0; round < 12; ++round) {
    const std::string email = "r" + std::to_string(round) + "@example.org";
    const UserId id = owner_with_all(email);
    const auto thief = caller(id);
    const auto other = caller(id);
    const auto passkeys_before = passkeys(id);
    const bool by_logout = round % 2 == 1;
    const std::string event = by_logout ? "logout_all" : "account_secured";
    const auto asker = flow::sessions::asker_of(thief);
    auto take_back = [&](db::Tx& tx) {
      tx.run(users::hold_active, id);
      accounts::take_back(tx, origin(), id, now);
      record(tx, origin(), features::not_me::account_secured, ok, to_string(thief.user.subject));
    };
    std::vector<features::passkeys::NewPasskey> made;
    for (std::uint8_t i = 0; i < 6; ++i)
      made.push_back(passkey_for(thief, static_cast<std::uint8_t>(100 + 10 * round + i)));
    const auto one = [&](int i) -> Task<bool> {
      if (i == 5) {
        if (by_logout) {
          const features::sessions::Own own{.user = id, .current = other.session};
          const auto ended = co_await features::sessions::log_out_everywhere(services, origin(), own);
          co_return ended.has_value();
        }
        co_await services.database.write(take_back);
        co_return true;
      }
      if (i % 4 == 0) {
        const features::profile::Change change{.username = "thief", .language = {}};
        co_await features::profile::change_profile(services, origin(), asker, change);
      } else if (i % 4 == 1) {
        co_await features::recovery_codes::renew(services, origin(), asker);
      } else if (i == 11) {
        co_await features::deletion::schedule_deletion(services, origin(), asker, email, "");
      } else {
        const auto owner = owner_of(thief);
        co_await features::passkeys::add_passkey(services, origin(), owner,
                                                 made.at(static_cast<std::size_t>(i) / 2));
      }
      co_return false;
    };
    const int won = race(12, one);
    EXPECT_EQ(database.run_now(count_late, event).value(), 0) << round;
    if (by_logout) continue;
    EXPECT_EQ(won, 1) << round;
    EXPECT_LE(passkeys(id), passkeys_before) << round;
    EXPECT_FALSE(steps(id).deletion_due_at.has_value()) << round;
    EXPECT_EQ(sessions(id), 0) << round;
  }
}

TEST_P(HeldCaller, C63AnAdministratorWhoseSessionOrRoleHasEndedBlocksNobody) {
  const UserId admin = member("admin@example.org");
  const UserId second = member("second@example.org");
  const UserId id = member("a@example.org");
  database.run_now(users::update_role, Role::admin, now, admin);
  database.run_now(users::update_role, Role::admin, now, second);
  const auto by = caller(admin);
  const auto asker = flow::sessions::asker_of(by);
  const auto block = [&](UserId whom) {
    return outcome(wait(
        features::administration::block_user(services, origin(), asker, whom, accounts::Access::blocked)));
  };
  const auto before = kept(id);
  // A role that was taken without an end of the sessions.
  database.run_now(users::update_role, Role::user, now, admin);
  EXPECT_EQ(block(id), ErrorCode::forbidden);
  database.run_now(users::update_role, Role::admin, now, admin);
  end_session(by);
  EXPECT_EQ(block(id), ErrorCode::invalid_token);
  EXPECT_EQ(kept(id), before);
  EXPECT_TRUE(contact(id).is_active);
}

TEST_P(HeldCaller, C63OfTwoAdministratorsWhoBlockEachOtherOneStays) {
  std::array<Caller, 2> both;
  for (std::size_t i = 0; i < both.size(); ++i) {
    const UserId id = member("admin" + std::to_string(i) + "@example.org");
    database.run_now(users::update_role, Role::admin, now, id);
    both[i] = caller(id);
  }
  for (int round = 0; round < 5; ++round) {
    const auto one = [&](int i) -> Task<bool> {
      const auto by = flow::sessions::asker_of(both[static_cast<std::size_t>(i % 2)]);
      const UserId whom = both[static_cast<std::size_t>((i + 1) % 2)].user.id;
      const auto done = co_await features::administration::block_user(services, origin(), by, whom,
                                                                      accounts::Access::blocked);
      co_return done.has_value();
    };
    const int won = race(10, one);
    EXPECT_GE(won, 1);
    EXPECT_NE(contact(both[0].user.id).is_active, contact(both[1].user.id).is_active) << round;
    for (auto& by : both) {
      database.run_now(users::update_is_active, true, now, by.user.id);
      by = caller(by.user.id);
    }
  }
}

}  // namespace
}  // namespace latchkey::flow
