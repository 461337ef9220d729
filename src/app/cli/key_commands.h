#pragma once

#include "app/cli/command.h"
#include "app/cli/context.h"

/// `latchkey keys …`. Each writes to the console and answers the exit code.
namespace latchkey::app::cli {

int execute(const KeysList& command, Context& context);
int execute(const KeysRotate& command, Context& context);
int execute(const KeysRevoke& command, Context& context);
int execute(const KeysRekey& command, Context& context);

}  // namespace latchkey::app::cli
