#pragma once

#include "app/cli/console.h"
#include "settings/settings.h"

namespace latchkey::app::cli {

/// `latchkey compact`: writes the embedded store anew, without the space in it that holds nothing. Takes the
/// data directory for itself; throws StoreInUse when a server or a command has it.
int compact_here(const Settings& settings, Console& console);

}  // namespace latchkey::app::cli
