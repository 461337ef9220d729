#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "mail/message.h"
#include "store/users.h"

namespace latchkey::features::confirmation {

/// `confirm_url` and `reject_url`. Nothing once the address is confirmed, or the account has another.
std::optional<mail::Links> make_confirmation_links(const mail::LinkKeys& keys, const mail::Mail& mail);

enum class Confirmed : std::uint8_t { now, before };

/// Whose account a link is for, without using it: for the page with the button. Refuses with
/// invalid_confirmation.
Task<Result<store::users::Contact>> look_at_confirmation(flow::Services& services, flow::Origin origin,
                                                         std::string token);

/// Confirms the address. Of many at once exactly one answers `now`. Refuses with invalid_confirmation.
Task<Result<Confirmed>> confirm_email(flow::Services& services, flow::Origin origin, std::string token);

/// "This was not me": removes the account while it is unconfirmed. Refuses with invalid_confirmation.
Task<Result<>> reject_email(flow::Services& services, flow::Origin origin, std::string token);

}  // namespace latchkey::features::confirmation
