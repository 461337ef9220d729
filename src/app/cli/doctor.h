#pragma once

#include "app/cli/command.h"
#include "app/cli/context.h"
#include "base/time.h"
#include "settings/load.h"

namespace latchkey::app::cli {

/// `latchkey doctor`: looks at settings, files, store, keys, mail and clock. A line for each thing, `ok`,
/// `warn` or `FAIL`, with what to do. Changes nothing. Answers 1 when anything failed.

/// In the server.
int examine_running(const Doctor& command, Context& context, const settings::Loaded& loaded);
/// Without one: opens the store if there is one. Throws StoreInUse.
int examine_here(const Doctor& command, const settings::Loaded& loaded, Timestamp now, Console& console);

}  // namespace latchkey::app::cli
