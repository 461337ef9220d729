// A password of the list of password.breached_file is refused wherever somebody sets one.

#include "crypto/breached/make_index.h"
#include "features/recovery/ask.h"
#include "features/recovery/mails.h"
#include "features/recovery/reset.h"
#include "flow/accounts/first_start.h"
#include "flow/owner.h"

#include <fstream>

namespace latchkey::flow {
namespace {

constexpr db::Statement<db::Affected, UserId> demand_password_that_is_new{
    "UPDATE users SET must_change_password = TRUE WHERE id = $1"};
constexpr db::Statement<std::optional<std::int64_t>> count_accounts_made{"SELECT count(*) FROM users"};

class BreachedPasswords : public OwnerWorld {
 protected:
  BreachedPasswords() {
    const auto list = folder.path() / "list";
    std::ofstream(list) << leaked << '\n';
    crypto::breached::make_index(list, crypto::breached::ListKind::passwords, folder.path() / "index");
    index.emplace(folder.path() / "index");
  }

  /// The list comes into force once the accounts are made.
  void know_the_list() { services.breached = &*index; }

  template <class T>
  static std::string reason(const Result<T>& result) {
    return result.has_error() && result.error().fields.size() == 1 ? result.error().fields.front().type : "";
  }

  const std::string leaked = "quixotic zebra of the night";
  std::optional<crypto::breached::Index> index;
};
LATCHKEY_ON_EVERY_DATABASE(BreachedPasswords);

TEST_P(BreachedPasswords, S40SignUpRefusesOneWithAReason) {
  know_the_list();
  const auto refused = sign_up(mine, leaked);
  EXPECT_EQ(reason(refused), "password_breached");
  EXPECT_EQ(database.run_now(count_accounts_made), 0);
  EXPECT_TRUE(waiting_mails().empty());
  EXPECT_TRUE(sign_up(mine, leaked + "!").has_value());
  EXPECT_EQ(reason(sign_up(mine, leaked)), "password_breached")
      << "said before anything is said of the address";
}

TEST_P(BreachedPasswords, S40AChangeRefusesOneAndWhoHasOneAlreadySignsIn) {
  EXPECT_TRUE(sign_up(mine, leaked).has_value()) << "before there was a list";
  EXPECT_TRUE(wait(features::confirmation::confirm_email(services, origin(), link_token(mine))).has_value());
  know_the_list();
  EXPECT_TRUE(log_in(mine, leaked).has_value());

  const UserId id = member(next);
  const auto caller =
      wait(flow::sessions::authenticate(services, now, log_in(next).value().access_token)).value();
  const auto before = credentials(id);
  const auto refused = wait(features::password_change::change_password(
      services, origin(), caller,
      {.current = std::nullopt, .password = Secret(std::string_view(leaked)), .others = {}, .language = ""}));
  EXPECT_EQ(reason(refused), "password_breached");
  EXPECT_EQ(credentials(id).password_hash, before.password_hash);
  EXPECT_EQ(credentials(id).security_version, before.security_version);
  EXPECT_EQ(sessions(id), 1);
  EXPECT_FALSE(mail("password_replaced", next).has_value());
}

TEST_P(BreachedPasswords, S40TheStepThatNeedsANewOneRefusesItAndSpendsNothing) {
  const UserId id = member(mine);
  know_the_list();
  auto work = [&](db::Tx& tx) {
    tx.run(store::factors::raise_version, now, id);
    tx.run(demand_password_that_is_new, id);
    tx.run(store::factors::update_mark, id);
  };
  database.write_now(work);
  const std::string token = log_in(mine).error().step->login_token;
  const auto choose = [&](const std::string& to) {
    return wait(features::password_change::choose_password(services, origin(), token,
                                                           Secret(std::string_view(to)), ""));
  };
  EXPECT_EQ(reason(choose(leaked)), "password_breached");
  EXPECT_TRUE(steps(id).must_change_password);
  EXPECT_TRUE(choose(leaked + "!").has_value()) << "the token is still good";
}

TEST_P(BreachedPasswords, S40AResetRefusesOneAndSpendsNeitherLinkNorCode) {
  const UserId id = member(mine);
  know_the_list();
  wait(features::recovery::ask_for_reset(services, origin(), mine, ""));
  const std::string link = token("password_reset", mine, features::recovery::make_reset_links, "reset_url");
  const auto before = credentials(id);
  const auto reset = [&](const std::string& to) {
    return wait(features::recovery::reset_password(services, origin(), features::recovery::ByLink{link},
                                                   Secret(std::string_view(to)), ""));
  };
  EXPECT_EQ(reason(reset(leaked)), "password_breached");
  EXPECT_EQ(credentials(id).password_hash, before.password_hash);
  EXPECT_EQ(credentials(id).security_version, before.security_version);
  EXPECT_TRUE(reset(leaked + "!").has_value());
}

TEST_P(BreachedPasswords, S40TheFirstAdministratorGetsNone) {
  settings.admin.email = "admin@example.org";
  settings.admin.password = Secret(std::string_view(leaked));
  know_the_list();
  const auto why = accounts::check_administrator(settings, services.breached);
  ASSERT_TRUE(why.has_value());
  EXPECT_NE(why->find("admin.password was leaked"), std::string::npos) << *why;
  EXPECT_TRUE(accounts::ensure_administrator(services, origin()).has_value());
  EXPECT_EQ(database.run_now(count_accounts_made), 0);
}

TEST_P(BreachedPasswords, S41AListThatCanNotBeReadIsAFaultAndNobodyGetsThePassword) {
  know_the_list();
  std::filesystem::resize_file(folder.path() / "index", crypto::breached::header_size);
  EXPECT_THROW(sign_up(mine), Unavailable);
  EXPECT_EQ(database.run_now(count_accounts_made), 0);
}

}  // namespace
}  // namespace latchkey::flow
