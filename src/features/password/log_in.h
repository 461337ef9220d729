#pragma once

#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/tokens.h"

namespace latchkey::features::password {

struct LoginInput {
  std::string email;
  Secret password;
};

/// Signs in with address and password. Refuses with invalid_credentials (an unknown address and a wrong
/// password answer the same, after the same work), then only after a right password email_not_confirmed and
/// account_blocked; too_many_attempts, overloaded.
Task<Result<flow::sessions::TokenPair>> log_in(flow::Services& services, flow::Origin origin,
                                               LoginInput input);

}  // namespace latchkey::features::password
