#pragma once

#include <string>

#include "base/error.h"
#include "base/task.h"
#include "base/time.h"
#include "flow/origin.h"
#include "flow/services.h"
#include "flow/sessions/hold_caller.h"

namespace latchkey::features::deletion {

/// The owner of an account asks for its end. In one transaction: the deletion is scheduled for
/// `accounts.deletion_grace` from now, every session ends, every older link dies, and the owner gets a mail
/// with a link that stops it. Without a grace the account is deleted at once. Answers when it is due.
///
/// As long as the owner of the former address may undo a change, whoever asks may be the one who changed it:
/// the account is not deleted before that time is over.
///
/// `email` is the account's address, typed again: validation_failed for any other. Refuses with
/// last_administrator, and as `hold_caller` does.
Task<Result<Timestamp>> schedule_deletion(flow::Services& services, flow::Origin origin,
                                          flow::sessions::Asker asker, std::string email,
                                          std::string language);

}  // namespace latchkey::features::deletion
