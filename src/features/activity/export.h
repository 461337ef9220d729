#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/task.h"
#include "features/activity/own_activity.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/hold_caller.h"
#include "store/devices.h"
#include "store/passkeys.h"
#include "store/scheduled.h"
#include "store/sessions.h"
#include "store/totp.h"
#include "store/users.h"

namespace latchkey::features::activity {

/// An account has few rows of everything but these; of these the newest are exported, so that a document
/// takes a few MiB at most.
inline constexpr std::int64_t most_exported_sessions = 1000;
inline constexpr std::int64_t most_exported_entries = 10'000;

/// Everything that is stored about an account.
struct Stored {
  store::users::User user;
  store::users::Settled settled;
  std::vector<store::sessions::Listed> sessions;
  std::vector<store::devices::Device> devices;
  std::optional<store::totp::Totp> totp;
  std::vector<store::passkeys::Passkey> passkeys;
  std::int64_t recovery_codes = 0;
  std::vector<store::scheduled::Scheduled> scheduled;
  std::vector<store::audit::Told> activity;
  bool activity_is_whole = true;
};

/// Reads it, and records that somebody has. Refuses with user_not_found for an account that was removed
/// meanwhile, and as `hold_caller` does: a session that was ended meanwhile gets nothing.
Task<Result<Stored>> gather(flow::Services& services, flow::Origin origin, flow::sessions::Asker asker);

}  // namespace latchkey::features::activity
