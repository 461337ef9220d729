#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/client_network.h"
#include "base/error.h"
#include "base/task.h"
#include "db/tx.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/signin/devices.h"
#include "store/users.h"

/// Wrong passwords are counted, in a row: those of all unknown devices of an account together, those of each
/// known device by themselves. From `limits.login_failures` on each one locks sign-in for a while, to those
/// that it is counted with. The hundredth closes it to them (NIST SP 800-63B-4 §3.2.2) until a new password
/// is set or an operator runs `latchkey user unlock`; the owner gets a mail.
namespace latchkey::flow::signin {

inline constexpr std::int64_t last_attempt = 100;

/// One try at the password of an account.
struct Attempt {
  ClientNetwork client;                              ///< who tries
  std::string counter;                               ///< what an address without account is counted by
  std::optional<store::users::Credentials> account;  ///< that the address belongs to
  Device device;
  std::int64_t number = 0;  ///< of those in a row; 0 where nothing is counted
};

/// As the audit says it.
inline std::string_view device_word(const Attempt& attempt) {
  return attempt.device.known.has_value() ? "known device" : "unknown device";
}

/// Counts the attempt before its password is looked at, so that a burst of guesses can not pass the limit,
/// and answers its number. An address without account is counted in memory by the same rule, always as
/// unknown devices are, and pays with a write that means nothing. Refuses with too_many_attempts.
Task<Result<std::int64_t>> count_attempt(Services& services, Timestamp now, Attempt attempt);

/// The password was not looked at, since the hashing queue is full: that is no failure of whoever tried.
Task<> give_attempt_back(Services& services, Timestamp now, Attempt attempt);

/// The password was wrong. After the last one that is looked at closes sign-in and queues the mail, once; for
/// an address without account costs the same.
void close_after_failure(db::Tx& tx, const Services& services, const Origin& origin, const Attempt& attempt);

/// The password was right, and its account may not sign in: nothing counts against it.
void forgive_attempt(db::Tx& tx, const Attempt& attempt);

}  // namespace latchkey::flow::signin
