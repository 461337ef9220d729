#pragma once

#include "base/id.h"
#include "db/tx.h"

namespace latchkey::flow::accounts {

/// The owner of an address proves it for the first time, and somebody else may have made the account: it
/// forgets its devices and loses its factors. The caller sees to its password and its sessions, and runs
/// `factors::update_mark` afterwards.
void drop_unproved_ways_in(db::Tx& tx, UserId account);

}  // namespace latchkey::flow::accounts
