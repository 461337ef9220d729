#pragma once

#include <cstdint>

#include "base/error.h"
#include "base/task.h"
#include "db/tx.h"
#include "flow/events.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "store/users.h"

/// Wrong codes of an authenticator app are counted by account, in a row: a right password, a new sign-in or
/// another address start nothing anew. Five are free, then each one locks the codes of the app, for a minute
/// first and for twice as long each time, up to an hour. The hundredth closes the app (NIST SP 800-63B-4
/// §3.2.2) until the owner has signed in with another factor, has set the app up again, or an operator has
/// run `latchkey user unlock`. Only the app is locked: recovery codes, passkeys and the password are not.
namespace latchkey::flow::signin {

inline constexpr std::int64_t free_factor_attempts = 5;
inline constexpr Microseconds first_factor_lock = std::chrono::minutes(1);
inline constexpr std::int64_t last_factor_attempt = 100;
/// Until when a closed app is locked: 9999-12-31.
inline constexpr Timestamp never{std::chrono::sys_days(std::chrono::year(9999) / 12 / 31)};

/// Counts a try before its code is compared, so that a burst of guesses can not pass the limit, and answers
/// its number. Refuses with too_many_attempts, and then counts nothing. Counts even where `limits.enabled` is
/// off: six digits are worth nothing without it.
Task<Result<std::int64_t>> count_factor_attempt(Services& services, Origin origin, UserId account);

/// The code of the try with this number was wrong. The last one that is looked at closes the app and tells
/// the owner by mail, once; any other does nothing.
Task<> close_factor_after(Services& services, Origin origin, UserId account, std::int64_t number);

/// A right code of the app.
void forget_factor_attempts(db::Tx& tx, UserId account);
/// The owner has signed in with another factor: an app that was closed is open again.
void open_closed_factor(db::Tx& tx, UserId account);

/// Whether anybody has looked for what was shown. A text that can not be a code is refused and counts as no
/// try, so any number of them may come.
enum class Looked : std::uint8_t { at_it, not_at_it };

/// Writes down that a proof was refused, for `event` (events.h): in the audit with `method`, such as "totp".
/// A refusal that was not even looked at leaves few entries.
Task<> record_refused_factor(Services& services, Origin origin, const Event& event, Subject account,
                             ErrorCode code, std::string method, Looked looked = Looked::at_it);

}  // namespace latchkey::flow::signin
