#pragma once

#include "app/cli/command.h"
#include "app/cli/context.h"

namespace latchkey::app::cli {

/// `latchkey mail show --last`: prints the newest mail that was written to a file, with its links, which
/// whoever gives the command could read in the file. First waits, ten seconds at most, for mails that are due
/// and not written yet: a command that follows a sign-up comes sooner than its mail.
int execute(const MailShow& command, Context& context);

}  // namespace latchkey::app::cli
