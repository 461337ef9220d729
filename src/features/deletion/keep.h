#pragma once

#include <string>

#include "base/error.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/tokens.h"
#include "store/users.h"

namespace latchkey::features::deletion {

/// Whose deletion the link of a mail would stop, without stopping it: for the page with the button. Refuses
/// with invalid_link what is expired, forged, stopped, done, or of an account that was blocked.
Task<Result<store::users::Contact>> look_at_keep_link(flow::Services& services, flow::Origin origin,
                                                      std::string token);

/// Stops the deletion by the link of its mail; the owner is told. Opens no session. Of many at once one
/// succeeds. Refuses with invalid_link.
Task<Result<>> keep_by_link(flow::Services& services, flow::Origin origin, std::string token,
                            std::string language);

/// The step of a sign-in that stops the deletion. Whoever has not proved everything else is asked for that
/// first, and stops nothing. Refuses with the code of the missing step, with invalid_login_token, and with
/// account_blocked.
Task<Result<flow::sessions::TokenPair>> keep_by_sign_in(flow::Services& services, flow::Origin origin,
                                                        std::string login_token, std::string language);

}  // namespace latchkey::features::deletion
