#pragma once

#include <string>

#include "base/error.h"
#include "base/task.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/authenticate.h"

namespace latchkey::features::email_change {

struct Ask {
  std::string email;
  bool keep_sessions = false;  ///< of the others once the address is changed
  std::string language;        ///< a tag for the mails, or empty
};

/// Asks for the mail with which the reader of a new address confirms the change; the old address is told. The
/// account stays as it is. Answers the handle, with which the code of that mail can be tried. An address that
/// another account has gets no mail, and everything else is the same.
///
/// Refuses with validation_failed what is no address, or is that of the account; with address_changed_lately
/// while the last change can be undone: a thief must not hide it behind another one; with too_many_requests;
/// and as `hold_caller` does for a recent proof.
Task<Result<std::string>> ask_for_change(flow::Services& services, flow::Origin origin,
                                         flow::sessions::Caller caller, Ask ask);

/// What `detail` of the code says: what the change is to bring about.
struct Wanted {
  std::string address;
  SessionId asked_by;
  bool keep_sessions = false;
};
std::string write_wanted(const Wanted& wanted);
std::optional<Wanted> read_wanted(std::string_view detail);

}  // namespace latchkey::features::email_change
