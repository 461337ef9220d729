#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/signin/progress.h"
#include "store/passkeys.h"

namespace latchkey::flow::signin {

/// What the next step of a sign-in is, for a page that asks for it. Nothing is used up by looking.
struct OpenStep {
  Step::Kind kind{};
  AccountState account;
  std::string email;                               ///< for password managers
  std::vector<store::passkeys::Passkey> passkeys;  ///< where a second factor is asked for
};

/// Refuses as `read_login_token` does.
Task<Result<OpenStep>> read_open_step(Services& services, Origin origin, std::string login_token);

}  // namespace latchkey::flow::signin
