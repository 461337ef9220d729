#pragma once

#include <optional>
#include <vector>

#include "base/task.h"
#include "flow/services.h"
#include "store/passkeys.h"
#include "store/totp.h"

namespace latchkey::features::totp {

struct Factors {
  std::optional<store::totp::Totp> totp;
  std::vector<store::passkeys::Passkey> passkeys;
  std::int64_t recovery_codes = 0;  ///< that are left
};
/// What an account has beside its password, as of one moment.
Task<Factors> list_factors(flow::Services& services, UserId user);

}  // namespace latchkey::features::totp
