#pragma once

#include "db/database.h"
#include "settings/settings.h"

namespace latchkey::app {

/// What `latchkey move` has left in a store that is about to be used: refuses one that is not to be used any
/// more, or not yet, and clears up after a move that was killed. Throws StartRefused.
void settle_earlier_move(db::Database& database, const Settings& settings);

}  // namespace latchkey::app
