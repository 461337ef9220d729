#pragma once

#include "db/tx.h"
#include "flow/origin.h"
#include "store/users.h"

namespace latchkey::flow::signin {

/// A factor that somebody has proved, or has just added, is not lost: a removal that waits for the account is
/// stopped, whoever asked for it. In the transaction that uses the proof up, with the account's row locked.
void stop_removal_of_lost(db::Tx& tx, const Origin& origin, UserId account, const Subject& subject);

}  // namespace latchkey::flow::signin
