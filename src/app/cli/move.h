#pragma once

#include "app/cli/command.h"
#include "app/cli/console.h"
#include "app/cli/context.h"
#include "settings/load.h"

/// `latchkey move`: everything of one store into another (move/mover.h).
namespace latchkey::app::cli {

/// The command as it is given: finds out what is meant, and carries it out in the server that serves the
/// source, when it is SQLite and one runs, else here. Answers the exit code. Throws std::exception for the
/// operator to read.
int run_move(const Move& command, const Invocation& invocation, Console& console);

/// The same in the server that serves the source; `context.input` is what `run_move` has found out.
int move_running(Context& context, const settings::Loaded& loaded);

}  // namespace latchkey::app::cli
