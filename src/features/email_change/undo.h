#pragma once

#include <string>

#include "base/email_address.h"
#include "base/error.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "store/scheduled.h"
#include "store/users.h"

namespace latchkey::features::email_change {

/// A change that can be undone by who holds the link.
struct Undo {
  store::users::Contact account;    ///< as it is now
  EmailAddress address;             ///< that it had
  store::scheduled::Scheduled row;  ///< by which the account holds that address
  bool was_proved = true;           ///< whether anybody had shown to read it before the change
};

/// For the page with the button: changes nothing. Refuses with invalid_link.
Task<Result<Undo>> look_at_undo(flow::Services& services, flow::Origin origin, std::string token);

/// Gives the account its old address back, and takes it back from whoever changed it
/// (accounts/take_back.h). Both addresses are told. Of many at once one succeeds. Refuses with invalid_link.
Task<Result<>> undo_change(flow::Services& services, flow::Origin origin, std::string token,
                           std::string language);

}  // namespace latchkey::features::email_change
