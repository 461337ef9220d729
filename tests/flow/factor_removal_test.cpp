// All second factors are lost: they are removed after a delay, unless somebody stops it.

#include "features/deletion/keep.h"
#include "features/factor_removal/by_administrator.h"
#include "features/factor_removal/mails.h"
#include "features/factor_removal/removal.h"
#include "features/passkeys/options.h"
#include "features/password_change/choose.h"
#include "flow/accounts/factors.h"
#include "flow/factors_world.h"
#include "flow/signin/progress.h"
#include "store/passkeys.h"
#include "store/scheduled.h"

namespace latchkey::flow {
namespace {

namespace removal = features::factor_removal;
using signin::Done;
using signin::Proof;

class FactorRemoval : public FactorsWorld {
 protected:
  FactorRemoval() { settings.accounts.factor_removal_delay = std::chrono::days(7); }

  /// A login token as a sign-in gives it after these proofs.
  std::string token_after(Done done) {
    const auto account = database.run_now(store::users::find_credentials_by_id, mine.user).value();
    const auto state = wait(signin::read_state(services, account));
    const signin::Progress progress{
        .account = account, .done = done, .first_proof_at = now, .token = {}, .binding = {}};
    return signin::missing_step(services, progress, signin::Step::Kind::second_factor, state, now)
        .step->login_token;
  }
  static constexpr Done both = Done().with(Proof::password).with(Proof::mail_code);

  Result<Timestamp> ask(const std::string& token) {
    return wait(removal::ask_for_removal(services, origin(), token, ""));
  }
  bool is_waiting() {
    return database
        .run_now(store::scheduled::find_of_user, mine.user, std::string(store::scheduled::factor_removal))
        .has_value();
  }
  void sweep() {
    for (int i = 0; i < 4; ++i) removal::sweep_removals(services, origin(), "", 100);
  }
  bool has_app() { return database.run_now(store::totp::find_totp, mine.user).has_value(); }
  /// The token of the link in the newest mail about it.
  std::string stop_token() {
    std::string token;
    Timestamp newest{};
    for (const auto& row : waiting_mails()) {
      if (row.message != removal::removal_message || row.created_at < newest) continue;
      newest = row.created_at;
      const auto links = removal::make_stop_links(
          {.ring = keys.current()->ring(), .public_url = services.public_url, .settings = settings},
          {.id = row.id,
           .recipient = row.recipient,
           .parameters = mail::read_parameters(row.parameters).value(),
           .created_at = row.created_at,
           .now = now,
           .account = database.run_now(store::users::find_contact_by_id, row.user_id)});
      const auto url = mail::value_of(links->values, "stop_url");
      token = url.substr(url.rfind('/') + 1);
    }
    return token;
  }
  using Which = removal::Which;
  static constexpr db::Statement<db::Affected, UserId> remove_password{
      "UPDATE users SET password_hash = 'steps:' WHERE id = $1"};
  static constexpr db::Statement<std::optional<std::string>, std::string> find_detail{
      "SELECT actor || ' ' || detail FROM audit WHERE event = $1 ORDER BY id DESC LIMIT 1"};

  /// An administrator asks for it.
  Result<Timestamp> ask_for(UserId user, Which which) {
    Origin by = origin();
    by.actor = "the administrator";
    return wait(removal::ask_for_removal_of(services, by, administrator(), user, which));
  }
  void add_passkey() {
    auto work = [&](db::Tx& tx) {
      tx.run(store::factors::raise_version, now, mine.user);
      tx.run(store::passkeys::insert_passkey, Bytes{1}, mine.user, Bytes{1}, std::int64_t{0}, Bytes{2},
             std::string(), std::string("key"), std::string("localhost"), true, false, false, now);
      tx.run(store::factors::update_mark, mine.user);
    };
    database.write_now(work);
  }
  std::int64_t passkeys() { return database.run_now(store::passkeys::count_passkeys, mine.user).value(); }
  /// The parameters of the newest mail about it.
  mail::Values newest_mail() {
    mail::Values found;
    Timestamp newest{};
    for (const auto& row : waiting_mails()) {
      if (row.message != removal::removal_message || row.created_at < newest) continue;
      newest = row.created_at;
      found = mail::read_parameters(row.parameters).value();
    }
    return found;
  }
  /// One who has signed in just now.
  sessions::Asker administrator() {
    const std::string email = "administrator@example.org";
    if (!database.run_now(store::users::find_contact, email).has_value()) {
      const UserId id = member(email);
      database.run_now(store::users::update_role, Role::admin, now, id);
    }
    const auto signed_in = own(email);
    return {.user = signed_in.user, .session = signed_in.session};
  }

  Result<> stop(const std::string& token) { return wait(removal::stop_by_link(services, origin(), token)); }
};

LATCHKEY_ON_EVERY_DATABASE(FactorRemoval);

TEST_P(FactorRemoval, FA24_NeedsPasswordAndMailbox) {
  member_with_app("a@example.org");
  for (const Done done : {Done().with(Proof::password), Done().with(Proof::mail_code)})
    EXPECT_EQ(ask(token_after(done)).error().code, ErrorCode::invalid_login_token);
  EXPECT_EQ(ask("").error().code, ErrorCode::invalid_login_token);
  settings.accounts.factor_removal_delay = Microseconds{0};
  EXPECT_EQ(ask(token_after(both)).error().code, ErrorCode::forbidden);
  EXPECT_FALSE(is_waiting());
  EXPECT_EQ(mails("factor_removal"), 0);
}

TEST_P(FactorRemoval, FA24_RemovesTheFactorsInTheEndAndTellsTheOwnerThreeTimes) {
  member_with_app("a@example.org");
  const auto due = ask(token_after(both));
  ASSERT_TRUE(due.has_value());
  EXPECT_EQ(*due, now + std::chrono::days(7));
  EXPECT_EQ(ask(token_after(both)).value(), *due) << "asking again changes nothing";
  EXPECT_EQ(mails("factor_removal"), 1);
  sweep();
  now += std::chrono::hours(24 * 7 / 2) - std::chrono::seconds(1);
  sweep();
  EXPECT_EQ(mails("factor_removal"), 1);
  now += std::chrono::seconds(2);
  sweep();
  EXPECT_EQ(mails("factor_removal"), 2) << "half-way, once";
  now = *due - std::chrono::seconds(1);
  sweep();
  EXPECT_TRUE(has_app());
  EXPECT_EQ(mails("factor_removed"), 0);
  now = *due;
  const auto pending = login_token("a@example.org");
  sweep();
  EXPECT_FALSE(has_app());
  EXPECT_FALSE(is_waiting());
  EXPECT_EQ(codes_left(), 0);
  EXPECT_EQ(mails("factor_removal"), 2);
  EXPECT_EQ(mails("factor_removed"), 1);
  EXPECT_EQ(log_in_totp(pending, code()).error().code, ErrorCode::invalid_login_token);
  EXPECT_TRUE(log_in("a@example.org").has_value());
}

TEST_P(FactorRemoval, FA25_ASignInWithAFactorStopsIt) {
  const auto codes = member_with_app("a@example.org");
  for (const bool by_app : {true, false}) {
    ASSERT_TRUE(ask(token_after(both)).has_value());
    const auto token = login_token("a@example.org");
    const auto signed_in = by_app ? log_in_totp(token, code()) : log_in_recovery(token, codes[0]);
    EXPECT_TRUE(signed_in.has_value());
    EXPECT_FALSE(is_waiting());
  }
  now += std::chrono::days(8);
  sweep();
  EXPECT_TRUE(has_app());
}

TEST_P(FactorRemoval, FA41_WhateverShowsThatAFactorIsThereStopsIt) {
  const auto codes = member_with_app("a@example.org");
  const auto stopped_by = [&](const std::string& what, const std::function<bool()>& show) {
    ASSERT_TRUE(ask(token_after(both)).has_value()) << what;
    ASSERT_TRUE(is_waiting()) << what;
    EXPECT_TRUE(show()) << what;
    EXPECT_FALSE(is_waiting()) << what;
  };
  using features::sudo::ByRecoveryCode;
  using features::sudo::ByTotp;
  stopped_by("a proof by the app", [&] { return sudo(ByTotp{code()}).has_value(); });
  stopped_by("a proof by a recovery code",
             [&] { return sudo(ByRecoveryCode{Secret(codes[0])}).has_value(); });
  stopped_by("new recovery codes", [&] {
    const sessions::Asker asker{.user = mine.user, .session = mine.session};
    return wait(features::recovery_codes::renew(services, origin(), asker)).has_value();
  });
  stopped_by("another app", [&] {
    enrol(mine);
    return true;
  });
  now += std::chrono::days(8);
  sweep();
  EXPECT_TRUE(has_app());

  ASSERT_TRUE(ask(token_after(both)).has_value());
  EXPECT_EQ(sudo(ByTotp{wrong_code()}).error().code, ErrorCode::invalid_code);
  EXPECT_TRUE(is_waiting()) << "a wrong code shows nothing";
}

TEST_P(FactorRemoval, FA40_ALoginTokenThatWasUsedWorksNowhere) {
  member_with_app("a@example.org");
  const auto token = token_after(both);
  ASSERT_TRUE(log_in_totp(token, code()).has_value());
  const auto failed = failed_factors();
  const auto open = sessions_open();
  EXPECT_EQ(ask(token).error().code, ErrorCode::invalid_login_token);
  EXPECT_FALSE(is_waiting());
  EXPECT_EQ(log_in_totp(token, wrong_code()).error().code, ErrorCode::invalid_login_token);
  EXPECT_EQ(log_in_recovery(token, "0000-0000-0000-0000").error().code, ErrorCode::invalid_login_token);
  EXPECT_EQ(failed_factors(), failed) << "nothing was compared";
  EXPECT_EQ(wait(features::passkeys::sign_in_options(services, origin(), token)).error().code,
            ErrorCode::invalid_login_token);
  EXPECT_EQ(sessions_open(), open);

  const auto lost = token_after(both);
  ASSERT_TRUE(ask(lost).has_value());
  EXPECT_EQ(ask(lost).error().code, ErrorCode::invalid_login_token) << "it is spent by the request";
  EXPECT_EQ(log_in_totp(lost, code()).error().code, ErrorCode::invalid_login_token);
  EXPECT_TRUE(is_waiting());
}

TEST_P(FactorRemoval, FA40_OfManyRequestsAtOnceWithOneLoginTokenOneIsTaken) {
  member_with_app("a@example.org");
  const auto token = token_after(both);
  const auto outcomes =
      at_once<Timestamp>(20, [&](int) { return removal::ask_for_removal(services, origin(), token, ""); });
  EXPECT_EQ(outcomes.at("ok"), 1);
  EXPECT_EQ(mails("factor_removal"), 1);
}

TEST_P(FactorRemoval, FA42_ARefusedStepGivesNoNewTriesForRecoveryCodes) {
  const auto codes = member_with_app("a@example.org");
  auto token = login_token("a@example.org");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(log_in_recovery(token, "0000-0000-0000-0000").error().code, ErrorCode::invalid_code);
    const auto kept = wait(features::deletion::keep_by_sign_in(services, origin(), token, ""));
    ASSERT_EQ(kept.error().code, ErrorCode::second_factor_required);
    token = kept.error().step->login_token;
    const auto chosen = wait(features::password_change::choose_password(
        services, origin(), token, Secret(std::string_view("a much better password")), ""));
    ASSERT_EQ(chosen.error().code, ErrorCode::second_factor_required);
    token = chosen.error().step->login_token;
  }
  EXPECT_EQ(log_in_recovery(token, codes[0]).error().code, ErrorCode::too_many_attempts);
  EXPECT_TRUE(log_in_totp(token, code()).has_value()) << "the token itself is good";
  EXPECT_EQ(log_in_totp(token, code(1)).error().code, ErrorCode::invalid_login_token);
}

TEST_P(FactorRemoval, FA25_TheLinkOfTheMailStopsItOnceWhateverHasChangedSince) {
  member_with_app("a@example.org");
  ASSERT_TRUE(ask(token_after(both)).has_value());
  const auto token = stop_token();
  database.run_now(store::users::update_role, Role::moderator, now, mine.user);
  EXPECT_EQ(stop(token + "A").error().code, ErrorCode::invalid_link);
  EXPECT_TRUE(is_waiting());
  EXPECT_TRUE(wait(removal::look_at_stop_link(services, origin(), token)).has_value());
  EXPECT_TRUE(is_waiting()) << "a look changes nothing";
  EXPECT_TRUE(stop(token).has_value());
  EXPECT_FALSE(is_waiting());
  EXPECT_EQ(stop(token).error().code, ErrorCode::invalid_link);
  now += std::chrono::days(8);
  sweep();
  EXPECT_TRUE(has_app());
}

TEST_P(FactorRemoval, FA27_AnAdministratorsRemovalTakesThreeDaysAndThreeMails) {
  member_with_app("a@example.org");
  add_passkey();
  const auto due = ask_for(mine.user, Which::totp);
  ASSERT_TRUE(due.has_value());
  EXPECT_EQ(*due, now + std::chrono::hours(72));
  EXPECT_EQ(database.run_now(find_detail, std::string("factor_removal_asked")), "the administrator totp");
  EXPECT_EQ(ask_for(mine.user, Which::totp).value(), *due) << "asking again changes nothing";
  EXPECT_EQ(mails("factor_removal"), 1);
  auto told = newest_mail();
  EXPECT_EQ(mail::value_of(told, "administrator"), "yes");
  EXPECT_EQ(mail::value_of(told, "factor"), "authenticator app");
  EXPECT_EQ(mail::value_of(told, "address"), "") << "that of the administrator is nobody's business";
  now += std::chrono::hours(36);
  sweep();
  sweep();
  EXPECT_EQ(mails("factor_removal"), 2) << "half-way, once";
  EXPECT_EQ(mail::value_of(newest_mail(), "administrator"), "yes");
  now = *due - std::chrono::seconds(1);
  sweep();
  EXPECT_TRUE(has_app());
  now = *due;
  sweep();
  EXPECT_FALSE(has_app());
  EXPECT_EQ(passkeys(), 1) << "which nobody asked for";
  EXPECT_EQ(codes_left(), 10);
  EXPECT_FALSE(is_waiting());
  EXPECT_EQ(mails("factor_removed"), 1);

  const auto rest = ask_for(mine.user, Which::all);
  ASSERT_TRUE(rest.has_value());
  now = *rest;
  sweep();
  EXPECT_EQ(passkeys(), 0);
  EXPECT_EQ(codes_left(), 0);
  EXPECT_TRUE(log_in("a@example.org").has_value());
}

TEST_P(FactorRemoval, FA27_WhateverShowsThatTheFactorIsThereStopsIt) {
  const auto codes = member_with_app("a@example.org");
  const auto stopped = [&](const char* by) {
    EXPECT_FALSE(is_waiting()) << by;
    EXPECT_TRUE(has_app()) << by;
  };
  ASSERT_TRUE(ask_for(mine.user, Which::totp).has_value());
  EXPECT_TRUE(stop(stop_token()).has_value());
  stopped("the link of the mail");
  ASSERT_TRUE(ask_for(mine.user, Which::totp).has_value());
  EXPECT_TRUE(log_in_totp(login_token("a@example.org"), code()).has_value());
  stopped("a sign-in");
  ASSERT_TRUE(ask_for(mine.user, Which::totp).has_value());
  EXPECT_TRUE(sudo(features::sudo::ByRecoveryCode{Secret(codes[0])}).has_value());
  stopped("a recent proof");
  ASSERT_TRUE(ask_for(mine.user, Which::totp).has_value());
  enrol(mine);
  stopped("another app");
  now += std::chrono::days(8);
  sweep();
  stopped("time");
  EXPECT_EQ(mails("factor_removed"), 0);

  ASSERT_TRUE(ask_for(mine.user, Which::all).has_value());
  const Origin by = origin();
  auto at_once_by_operator = [&](db::Tx& tx) { return accounts::remove_totp(tx, services, by, mine.user); };
  ASSERT_TRUE(database.write_now(at_once_by_operator).has_value());
  EXPECT_FALSE(is_waiting()) << "there is nothing to remove";
}

TEST_P(FactorRemoval, FA27_WhatAnAdministratorMayNotRemove) {
  member_with_app("a@example.org");
  const UserId without = member("b@example.org");
  const auto refused = [&](UserId user, Which which) { return ask_for(user, which).error().code; };
  EXPECT_EQ(refused(administrator().user, Which::all), ErrorCode::forbidden) << "one's own";
  EXPECT_EQ(refused(UserId{999}, Which::all), ErrorCode::user_not_found);
  EXPECT_EQ(refused(without, Which::all), ErrorCode::factor_not_found);
  EXPECT_EQ(refused(mine.user, Which::passkeys), ErrorCode::factor_not_found);
  database.run_now(store::users::update_is_active, false, now, mine.user);
  EXPECT_EQ(refused(mine.user, Which::totp), ErrorCode::account_blocked);
  database.run_now(store::users::update_is_active, true, now, mine.user);
  settings.admin.factor_removal_delay = Microseconds{0};
  EXPECT_EQ(refused(mine.user, Which::totp), ErrorCode::forbidden);
  settings.admin.factor_removal_delay = std::chrono::hours(72);
  add_passkey();
  EXPECT_FALSE(is_waiting());
  EXPECT_EQ(mails("factor_removal"), 0);

  // One waits at a time. The owner's own, of everything, covers each of them.
  const auto app_due = ask_for(mine.user, Which::totp).value();
  EXPECT_EQ(refused(mine.user, Which::passkeys), ErrorCode::factor_removal_waiting);
  EXPECT_EQ(ask(token_after(both)).error().code, ErrorCode::factor_removal_waiting);
  EXPECT_EQ(ask_for(mine.user, Which::totp).value(), app_due);
  ASSERT_TRUE(stop(stop_token()).has_value());
  now += std::chrono::minutes(1);
  const auto all_due = ask(token_after(both)).value();
  EXPECT_EQ(ask_for(mine.user, Which::passkeys).value(), all_due) << "no sooner than the owner has asked for";
  EXPECT_EQ(mails("factor_removal"), 2);
  ASSERT_TRUE(stop(stop_token()).has_value());

  // An account without a password keeps its passkeys, whenever the password went.
  ASSERT_TRUE(ask_for(mine.user, Which::passkeys).has_value());
  database.run_now(remove_password, mine.user);
  now += std::chrono::days(8);
  sweep();
  EXPECT_EQ(passkeys(), 1);
  EXPECT_FALSE(is_waiting());
  EXPECT_EQ(refused(mine.user, Which::passkeys), ErrorCode::last_way_in);
}

TEST_P(FactorRemoval, FA27_D01_OfManyAtOnceOneIsWrittenAndOneMailIsSent) {
  member_with_app("a@example.org");
  const auto by = administrator();
  const auto outcomes = at_once<Timestamp>(
      20, [&](int) { return removal::ask_for_removal_of(services, origin(), by, mine.user, Which::totp); });
  EXPECT_EQ(outcomes.at("ok"), 20);
  EXPECT_EQ(mails("factor_removal"), 1);
  EXPECT_TRUE(is_waiting());
}

TEST_P(FactorRemoval, D01_OfManyAtOnceOneStopsItAndABlockedAccountWaits) {
  member_with_app("a@example.org");
  ASSERT_TRUE(ask(token_after(both)).has_value());
  database.run_now(store::users::update_is_active, false, now, mine.user);
  now += std::chrono::days(8);
  sweep();
  EXPECT_TRUE(has_app());
  EXPECT_TRUE(is_waiting());
  now -= std::chrono::days(8);
  database.run_now(store::users::update_is_active, true, now, mine.user);
  const auto token = stop_token();
  const auto outcomes =
      at_once<void>(20, [&](int) { return removal::stop_by_link(services, origin(), token); });
  EXPECT_EQ(outcomes.at("ok"), 1);
  EXPECT_EQ(outcomes.at("invalid_link"), 19);
}

}  // namespace
}  // namespace latchkey::flow
