#pragma once

#include "db/tx.h"
#include "flow/origin.h"
#include "flow/sessions/tokens.h"
#include "settings/settings.h"

namespace latchkey::flow::sessions {

/// Keeps to `limits.sessions` before one more session is opened inside the same transaction: `open` is how
/// many the account has. Ends those that have not been refreshed for the longest time, a bounded number at
/// once. Of two sign-ins at the same moment on two nodes both may be the last that has room; the next sign-in
/// makes up for it.
void make_room(db::Tx& tx, const Settings& settings, const Origin& origin, UserId user,
               const Subject& subject, std::int64_t open);

/// Opens a session inside the transaction that decided to. The caller has made sure, in the same transaction,
/// that the account may have one. For a browser (`Origin::browser`) the session is one that its cookie holds.
/// `methods`: what its owner has proved (bits of signin/next_step.h).
SessionState open_session(db::Tx& tx, const Settings& settings, const Origin& origin, UserId user,
                          const Subject& subject, Role role, std::int64_t methods);

}  // namespace latchkey::flow::sessions
