#pragma once

#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "store/users.h"

namespace latchkey::features::first_administrator {

struct Wanted {
  std::string email;
  std::string username;
  Secret password;
};

/// Whether there is no administrator who is confirmed and not blocked.
Task<bool> is_missing(flow::Services& services);

/// Makes the first administrator, confirmed. Of many at once one succeeds. Refuses with invalid_link when
/// there is an administrator; with validation_failed, account_exists and username_taken what is wrong with
/// the account, which leaves the link as it is; with overloaded when the hashing queue is full.
Task<Result<store::users::User>> make_first_administrator(flow::Services& services, flow::Origin origin,
                                                          Wanted wanted);

}  // namespace latchkey::features::first_administrator
