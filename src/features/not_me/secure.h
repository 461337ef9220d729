#pragma once

#include <optional>
#include <string>

#include "base/email_address.h"
#include "base/error.h"
#include "base/task.h"
#include "flow/events.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "store/scheduled.h"
#include "store/users.h"

namespace latchkey::features::not_me {

/// The message that says what was done.
inline constexpr std::string_view secured_message = "account_secured";

/// "This was not me", from the owner of an account.
extern const flow::Event account_secured;
extern const metrics::Families counters;

/// What a link would do.
struct Secure {
  LinkId link;
  Timestamp expires_at;
  Timestamp since;                ///< when it happened
  store::users::Contact account;  ///< as it is now
  /// The address that the notice went to, where the account was given another one since.
  struct Former {
    EmailAddress address;
    store::scheduled::Scheduled row;
  };
  std::optional<Former> former{};
  /// Whether anybody had shown before to read the address that the notice went to.
  bool was_proved = true;
};

/// For the page with the button: changes nothing. Refuses with invalid_link.
Task<Result<Secure>> look_at_link(flow::Services& services, flow::Origin origin, std::string token);

/// Takes the account back (accounts/take_back.h), with its address where that was changed since, and tells
/// the owner. Of many at once one succeeds. Refuses with invalid_link.
Task<Result<>> secure_account(flow::Services& services, flow::Origin origin, std::string token,
                              std::string language);

}  // namespace latchkey::features::not_me
