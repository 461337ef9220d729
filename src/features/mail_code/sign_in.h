#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/tokens.h"

namespace latchkey::features::mail_code {

struct CodeInput {
  std::optional<std::string> login_token;  ///< where the code is a further step
  std::string handle;
  std::string code;
};

/// Signs in with the code of a mail. Of many at once with one code one succeeds. Refuses with invalid_code,
/// for the code of another account than the login token's, too; with the code of the next step that is
/// missing; with invalid_login_token and account_blocked; with forbidden where `accounts.mail_sign_in` is
/// off.
Task<Result<flow::sessions::TokenPair>> sign_in_with_code(flow::Services& services, flow::Origin origin,
                                                          CodeInput input);

}  // namespace latchkey::features::mail_code
