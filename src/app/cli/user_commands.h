#pragma once

#include "app/cli/command.h"
#include "app/cli/context.h"

/// `latchkey user …`. Each writes to the console and answers the exit code.
namespace latchkey::app::cli {

int execute(const UserAdd& command, Context& context);
int execute(const UserInvite& command, Context& context);
int execute(const UserList& command, Context& context);
int execute(const UserShow& command, Context& context);
int execute(const UserBlock& command, Context& context);
int execute(const UserUnblock& command, Context& context);
int execute(const UserUnlock& command, Context& context);
int execute(const UserSetRole& command, Context& context);
int execute(const UserDelete& command, Context& context);
int execute(const UserRemoveFactor& command, Context& context);

}  // namespace latchkey::app::cli
