#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/client_network.h"
#include "base/error.h"
#include "base/task.h"
#include "crypto/password/hash.h"
#include "flow/services.h"
#include "store/users.h"

namespace latchkey::flow::signin {

enum class Round : std::uint8_t {
  first,
  again,  ///< it was right a moment ago, and the account has changed since: no new try
};

/// One try at a password.
struct PasswordTry {
  ClientNetwork client;                                     ///< who tries
  std::string email_key;                                    ///< the address that was given
  std::optional<store::users::Credentials> account;         ///< that it belongs to
  std::optional<crypto::password::TriedPassword> password;  ///< nothing: none that any account can have
  Round round = Round::first;
};

/// Proves one thing: that whoever signs in knows the password of an account. Counts the try before the
/// password is looked at, so that a burst of guesses can not pass the limit, and does equal work for
/// everybody: an address without account is counted in memory and pays with a write that means nothing, and a
/// dummy is hashed.
///
/// Gives the password back, for whoever hashes it anew. Refuses with invalid_credentials, too_many_attempts,
/// and overloaded, which does not count as a try.
Task<Result<crypto::password::TriedPassword>> prove_password(Services& services, Timestamp now,
                                                             PasswordTry attempt);

}  // namespace latchkey::flow::signin
