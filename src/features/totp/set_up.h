#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/task.h"
#include "features/totp/new_app.h"
#include "flow/origin.h"
#include "flow/services.h"

namespace latchkey::features::totp {

/// Whose app, and which session of theirs asks.
struct Own {
  UserId user;
  Subject subject;
  SessionId session;
  std::string email;
};

/// Makes the secret of an app. Stores nothing: what the account has stays as it is until `confirm`.
Task<Result<Begun>> begin(flow::Services& services, flow::Origin origin, Own own);

/// The same again, of an enrolment that is not confirmed yet. Nothing for one that has expired or is not of
/// this account.
std::optional<Begun> look_at(const flow::Services& services, const flow::Origin& origin, const Own& own,
                             std::string enrolment);

enum class OtherSessions : std::uint8_t { stay, end };

struct Confirmed {
  /// Ten new ones, where the app is the account's first factor.
  std::optional<std::vector<std::string>> recovery_codes;
};

/// The app shows the right code: from now on a sign-in to the account needs it. Replaces an earlier app. The
/// code is used up by that, as any other. The session that asks counts as proved by the app. Of many at once
/// one succeeds.
///
/// Refuses with invalid_code: a wrong code, or an enrolment that has expired, is not this account's, or is
/// older than the last change of the account.
Task<Result<Confirmed>> confirm(flow::Services& services, flow::Origin origin, Own own, std::string enrolment,
                                std::string code, OtherSessions others);

/// Removes the app; with the last factor the recovery codes go, too. Refuses with factor_not_found. This and
/// `confirm` refuse as `hold_caller` does, too (flow/sessions/hold_caller.h).
Task<Result<>> remove(flow::Services& services, flow::Origin origin, Own own, OtherSessions others);

}  // namespace latchkey::features::totp
