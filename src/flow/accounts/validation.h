#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/email_address.h"
#include "base/error.h"
#include "base/secret.h"
#include "crypto/password/hash.h"
#include "crypto/password/verdict.h"
#include "settings/settings.h"

namespace latchkey::flow::accounts {

/// What a new password must be.
crypto::password::Demands demands(const Settings& settings, const crypto::breached::Index* breached);

/// The fields of a new account, checked and in the form in which they are kept.
struct NewAccount {
  EmailAddress email;
  std::string username;
  std::optional<std::string> username_key;  ///< where usernames are unique
  Secret password;                          ///< NFC
};

/// Checks all fields and names every wrong one, in the contract's words. The strength of the password comes
/// last, on a hashing thread, once everything else is right.
Result<NewAccount> check_fields(const Settings& settings, std::string_view email, std::string_view username,
                                std::string_view password);

/// A new password of an account that is there, in NFC. Refuses with validation_failed at body.password; its
/// strength is not judged here.
Result<Secret> check_password(const Settings& settings, std::string_view password);

/// A user name as it is kept, and its key where names are unique. Refuses with validation_failed.
struct Username {
  std::string name;
  std::optional<std::string> key;
};
Result<Username> check_username(const Settings& settings, std::string_view username);

/// What an attacker who guesses the password of this account would try first.
std::vector<std::string> likely_words(const std::string& email, const std::string& username);
std::vector<std::string> likely_words(const NewAccount& account);
/// What is said of a password that is not good: validation_failed at body.password.
Error refused_password(crypto::password::Verdict verdict);

/// Both at once, for the start and the command line: it costs up to some milliseconds. `breached` may be
/// none.
Result<NewAccount> check_new_account(const Settings& settings, const crypto::breached::Index* breached,
                                     std::string_view email, std::string_view username,
                                     std::string_view password);

/// The same without the password, for accounts that come with a hash.
Result<NewAccount> check_imported_account(const Settings& settings, std::string_view email,
                                          std::string_view username);

/// A password that is being tried, taken over without a copy where it is in NFC already. Nothing for one
/// beyond the greatest length, or that is no text: it matches nothing.
std::optional<crypto::password::TriedPassword> read_tried_password(const Settings& settings, Secret password);

}  // namespace latchkey::flow::accounts
