#pragma once

#include <optional>
#include <vector>

#include "base/task.h"
#include "flow/services.h"
#include "store/factors.h"
#include "store/passkeys.h"
#include "store/totp.h"
#include "store/users.h"

namespace latchkey::features::account {

/// What protects an account, as of one moment.
struct Summary {
  bool has_password = false;
  std::optional<store::totp::Totp> totp;
  std::vector<store::passkeys::Passkey> passkeys;
  std::int64_t recovery_codes = 0;
  Timestamp last_sign_in_at;  ///< the epoch: not since that is written down

  bool has_factor() const { return totp.has_value() || !passkeys.empty(); }
  /// Few enough to make new ones.
  bool has_few_codes() const { return has_factor() && recovery_codes < 4; }
};
Task<Summary> summarize(flow::Services& services, UserId user);

}  // namespace latchkey::features::account
