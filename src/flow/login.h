#pragma once

#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/tokens.h"

namespace latchkey::flow {

struct LoginInput {
  std::string email;
  Secret password;
};

/// Signs in with address and password. Refuses with invalid_credentials (an unknown address and a wrong
/// password answer the same, after the same work), then only after a right password email_not_confirmed and
/// account_blocked; too_many_attempts, overloaded.
Task<Result<sessions::TokenPair>> log_in(Services& services, Origin origin, LoginInput input);

}  // namespace latchkey::flow
