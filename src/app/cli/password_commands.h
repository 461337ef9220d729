#pragma once

#include "app/cli/command.h"
#include "app/cli/console.h"
#include "settings/settings.h"

namespace latchkey::app::cli {

/// Makes an index of breached passwords (crypto/breached/make_index.h). It needs no store and no server, and
/// always runs in the process of the command. Answers the exit code.
int index_passwords(const PasswordsIndex& command, const Settings& settings, Console& console);

}  // namespace latchkey::app::cli
