#pragma once

#include "db/tx.h"
#include "flow/origin.h"
#include "flow/sessions/tokens.h"
#include "settings/settings.h"

namespace latchkey::flow::sessions {

/// Opens a session inside the transaction that decided to. The caller has made sure, in the same transaction,
/// that the account may have one.
SessionState open_session(db::Tx& tx, const Settings& settings, const Origin& origin, UserId user,
                          const Subject& subject, Role role);

}  // namespace latchkey::flow::sessions
