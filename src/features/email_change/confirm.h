#pragma once

#include <string>

#include "base/email_address.h"
#include "base/error.h"
#include "base/task.h"
#include "features/email_change/ask.h"
#include "flow/links/prove.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/hold_caller.h"

namespace latchkey::features::email_change {

/// A change whose new mailbox is proved.
struct Proved {
  flow::links::Proof proof;
  EmailAddress address;
  Wanted wanted;
};

/// By the link, or by the code. Neither uses anything up. Refuses with invalid_link whatever is wrong, such
/// as a link that was made before the account's password, address, factors or block changed.
Task<Result<Proved>> look_at_change(flow::Services& services, flow::Origin origin, std::string token);
Task<Result<Proved>> try_change_code(flow::Services& services, flow::Origin origin, std::string handle,
                                     std::string code);

/// Gives the account its new address. In one transaction: the address, by the constraint; the version, which
/// voids every link; the end of the other sessions unless they are kept; the hold on the old address, for
/// seven days; and the mails. Of many at once one succeeds. Refuses with invalid_link, also when somebody has
/// the address by now.
Task<Result<>> confirm_change(flow::Services& services, flow::Origin origin, Proved proved,
                              std::string language);
/// The same for whoever is signed in and has typed the code. Refuses as `hold_caller` does, too, and with
/// invalid_link where the change is another account's.
Task<Result<>> confirm_own_change(flow::Services& services, flow::Origin origin, flow::sessions::Asker asker,
                                  Proved proved, std::string language);

}  // namespace latchkey::features::email_change
