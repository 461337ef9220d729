#pragma once

#include <string>

#include "base/error.h"
#include "base/task.h"
#include "base/time.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sweep.h"
#include "store/users.h"

namespace latchkey::features::factor_removal {

/// Whoever has proved password and mailbox says that all second factors are lost, recovery codes included.
/// They are removed in `accounts.factor_removal_delay`, unless somebody stops it until then: by the link of
/// the mails that go out at once and half-way, or by signing in with a factor. Answers when it is due, and
/// spends the token; a second call, after another sign-in, changes nothing and answers the same.
///
/// Refuses with forbidden where the delay is 0, with invalid_login_token also for a token that has proved
/// less, with account_blocked, and as `schedule_removal` does.
Task<Result<Timestamp>> ask_for_removal(flow::Services& services, flow::Origin origin,
                                        std::string login_token, std::string language);

/// Whose removal the link of a mail would stop, without stopping it. Refuses with invalid_link what is
/// expired, forged, stopped or done.
Task<Result<store::users::Contact>> look_at_stop_link(flow::Services& services, flow::Origin origin,
                                                      std::string token);
/// Stops the removal. Of many at once one succeeds. Refuses with invalid_link.
Task<Result<>> stop_by_link(flow::Services& services, flow::Origin origin, std::string token);

/// A step of the sweep: removes the factors whose time has come and tells the owner, or reminds an owner
/// half-way. A blocked account waits.
flow::Swept sweep_removals(flow::Services& services, const flow::Origin& origin, std::string_view position,
                           std::int64_t most);

}  // namespace latchkey::features::factor_removal
