#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/tokens.h"
#include "store/users.h"

namespace latchkey::features::signup {

struct SignupInput {
  std::string email;
  std::string username;
  Secret password;
  std::string language{};    ///< of the confirmation mail; a tag, or empty for the default
  std::string invitation{};  ///< the token, where only who is invited may sign up
};

struct SignedUp {
  store::users::User user;
  std::optional<flow::sessions::TokenPair> tokens;  ///< only where confirmation is switched off
};

/// Opens an account. The confirmation mail is committed with it, and an invitation is used up. Refuses with
/// sign_up_closed, invitation_required, validation_failed,
/// account_exists, username_taken, overloaded, and with too_many_requests when all together have made as many
/// accounts, or caused as many mails, as they may.
Task<Result<SignedUp>> sign_up(flow::Services& services, flow::Origin origin, SignupInput input);

}  // namespace latchkey::features::signup
