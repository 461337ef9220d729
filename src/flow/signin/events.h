#pragma once

#include "flow/events.h"

namespace latchkey::flow::signin::events {

/// A client proves who its user is, by one proof or another; and what came of it.
extern const Event sign_in;
/// Somebody who is signed in proves once more to be there.
extern const Event proved_again;
/// A sign-in with a factor has stopped the removal of factors that somebody had called lost.
extern const Event factor_found;
/// A code that was mailed has confirmed the address.
extern const Event confirmed_by_code;
/// Too many wrong passwords: the password is refused from now on, to whom the outcome says.
extern const Event password_closed;
inline constexpr Outcome to_unknown_devices{"unknown_devices"};
inline constexpr Outcome to_known_device{"known_device"};

/// Too many wrong codes of an authenticator app: no code of it is looked at from now on.
extern const Event factor_closed;

/// The counter of a passkey went back: there may be a copy of the passkey.
extern const Event passkey_counter;

metrics::Families families();

}  // namespace latchkey::flow::signin::events
