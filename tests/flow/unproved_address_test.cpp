// With accounts.confirmation = off somebody may sign up with anybody's address: until its owner has proved to
// read it, nothing of the account is the owner's (S13, C13; finding 2 of the attack on issue 19).

#include "features/confirmation/request_email.h"
#include "features/mail_code/ask.h"
#include "features/mail_code/mails.h"
#include "features/mail_code/sign_in.h"
#include "features/recovery/ask.h"
#include "features/recovery/mails.h"
#include "features/recovery/reset.h"
#include "flow/accounts/accounts.h"
#include "flow/owner.h"
#include "flow/signin/devices.h"
#include "flow/signin/next_step.h"
#include "store/devices.h"
#include "store/recovery_codes.h"

namespace latchkey::flow::unproved_address_test {
namespace {

using namespace std::chrono_literals;

class UnprovedAddress : public OwnerWorld {
 protected:
  UnprovedAddress() { settings.accounts.confirmation = settings::Confirmation::off; }

  /// A stranger signs up with the address of `mine`, and leaves ways in.
  UserId squat() {
    address = "203.0.113.9";
    const auto signed_up = sign_up(mine, password).value();
    const UserId id = signed_up.user.id;
    EXPECT_TRUE(signed_up.tokens.has_value());
    add_passkey(id, 1);
    address = "192.0.2.1";
    now += 1h;
    return id;
  }
  void expect_nothing_of_the_stranger_is_left(UserId id) {
    EXPECT_EQ(passkeys(id), 0);
    EXPECT_TRUE(contact(id).is_proved);
    address = "203.0.113.9";
    EXPECT_EQ(code(log_in(mine, password)), ErrorCode::invalid_credentials);
    const auto stranger = signin::device_id(keys.current()->ring(), contact(id).subject, client_of(origin()));
    EXPECT_FALSE(database.run_now(store::devices::find_device, stranger).has_value());
  }
  /// What the mail thread makes of the mail of a message that waits.
  std::string value(std::string_view message, mail::MakeLinks make, std::string_view name) {
    const auto row = mail(message, mine);
    return std::string(mail::value_of(made(row.value(), make), name));
  }
};
LATCHKEY_ON_EVERY_DATABASE(UnprovedAddress);

TEST_P(UnprovedAddress, C80_AnAccountSignsInWithoutAProofAndDoesNotSayThatItHasOne) {
  const auto signed_up = sign_up(mine, password).value();
  EXPECT_FALSE(signed_up.user.is_proved);
  EXPECT_TRUE(signed_up.user.confirmed) << "nothing is missing for signing in";
  EXPECT_FALSE(signed_in(mine).user.is_proved);
  now += settings.accounts.unconfirmed_ttl + 1h;
  settings.accounts.confirmation = settings::Confirmation::required;
  EXPECT_TRUE(log_in(mine, password).has_value()) << "an operator who turns confirmation on removes nobody";
}

TEST_P(UnprovedAddress, S13_C81_ANewPasswordByMailEndsWhatAStrangerLeft) {
  const UserId id = squat();
  EXPECT_TRUE(wait(features::recovery::ask_for_reset(services, origin(), mine, "")).has_value());
  const auto url = value("password_reset", features::recovery::make_reset_links, "reset_url");
  const features::recovery::ByLink link{.token = url.substr(url.rfind('/') + 1)};
  EXPECT_TRUE(
      wait(features::recovery::reset_password(services, origin(), link, Secret("a much better password"), ""))
          .has_value());
  EXPECT_EQ(sessions(id), 0);
  expect_nothing_of_the_stranger_is_left(id);
  address = "192.0.2.1";
  EXPECT_TRUE(log_in(mine, "a much better password").has_value());
}

TEST_P(UnprovedAddress, S13_C81_ASignInByMailedCodeEndsWhatAStrangerLeft) {
  const UserId id = squat();
  const auto handle = wait(features::mail_code::ask_for_code(services, origin(), mine, "")).value();
  const auto typed = value("sign_in_code", features::mail_code::make_code, "code");
  EXPECT_TRUE(wait(features::mail_code::sign_in_with_code(
                       services, origin(), {.login_token = {}, .handle = handle, .code = typed}))
                  .has_value());
  EXPECT_EQ(sessions(id), 1) << "that of the owner";
  expect_nothing_of_the_stranger_is_left(id);
}

TEST_P(UnprovedAddress, S13_C81_TheLinkOfANoticeEndsWhatAStrangerLeftBeforeIt) {
  const UserId id = squat();
  const Origin by = origin();
  const auto owner = contact(id);
  auto queue = [&](db::Tx& tx) {
    return accounts::queue_notice(tx, services, by, owner, "factor_added", {{"factor", "passkey"}});
  };
  database.write_now(queue);
  EXPECT_TRUE(not_me(not_me_token("factor_added", mine)).has_value());
  EXPECT_EQ(sessions(id), 0);
  expect_nothing_of_the_stranger_is_left(id);
}

TEST_P(UnprovedAddress, S13_C81_TheUndoOfAChangeEndsWhatAStrangerLeftBeforeIt) {
  const UserId id = squat();
  address = "203.0.113.9";
  const auto stranger = credentials(id);
  constexpr auto proved = signin::Done().with(signin::Proof::passkey).with(signin::Proof::user_verified);
  auto open = [&](db::Tx& tx) {
    return sessions::open_session(tx, settings, origin(), id, stranger.subject, stranger.role, proved.bits());
  };
  const auto session = database.write_now(open);
  const auto pair = sessions::make_token_pair(services, session, now);
  const auto caller = wait(flow::sessions::authenticate(services, now, pair.access_token)).value();
  EXPECT_TRUE(ask(caller, next).has_value());
  EXPECT_TRUE(confirm_link(change_token(next)).has_value());
  EXPECT_TRUE(contact(id).is_proved) << "the new address";
  address = "192.0.2.1";
  EXPECT_TRUE(undo(undo_token(mine)).has_value());
  EXPECT_EQ(contact(id).email, mine);
  expect_nothing_of_the_stranger_is_left(id);
}

TEST_P(UnprovedAddress, C82_TheOwnerProvesTheAddressByALinkAndLosesNothing) {
  const UserId id = sign_up(mine, password).value().user.id;
  add_passkey(id, 1);
  now += 1h;
  EXPECT_EQ(wait(request_email(services, origin(), mine, "")).value(), EmailRequest::check_your_mail);
  EXPECT_TRUE(wait(confirm_email(services, origin(), link_token(mine))).has_value());
  EXPECT_TRUE(contact(id).is_proved);
  EXPECT_EQ(passkeys(id), 1);
  EXPECT_EQ(sessions(id), 1);
  EXPECT_EQ(wait(request_email(services, origin(), mine, "")).value(), EmailRequest::already_confirmed);
}

TEST_P(UnprovedAddress, C82_WhoeverReadsTheAddressCanRemoveTheAccountButNoAdministrator) {
  for (const bool is_administrator : {true, false}) {
    const std::string email = is_administrator ? mine : next;
    const UserId id = sign_up(email, password).value().user.id;
    const Origin by = origin();
    auto promote = [&](db::Tx& tx) { return accounts::set_role(tx, by, id, Role::admin).has_value(); };
    if (is_administrator) {
      EXPECT_TRUE(database.write_now(promote));
    }
    now += 1h;
    EXPECT_TRUE(wait(request_email(services, origin(), email, "")).has_value());
    EXPECT_EQ(wait(reject_email(services, origin(), link_token(email))).has_value(), !is_administrator);
    EXPECT_EQ(database.run_now(users::find_contact_by_id, id).has_value(), is_administrator);
  }
}

TEST_P(UnprovedAddress, RL22_AMailboxThatNobodyProvedGetsFewNotices) {
  const UserId id = squat();
  const Origin by = origin();
  const auto owner = contact(id);
  auto queue = [&](db::Tx& tx) {
    accounts::queue_notice(tx, services, by, owner, "factor_added", {{"factor", "passkey"}});
  };
  const auto before = waiting_mails().size();
  for (int i = 0; i < 50; ++i) database.write_now(queue);
  EXPECT_EQ(waiting_mails().size(), before + 10);
}

}  // namespace
}  // namespace latchkey::flow::unproved_address_test
