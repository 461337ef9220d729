#pragma once

#include "app/cli/command.h"
#include "app/cli/context.h"

/// `latchkey mail …`. No link is shown: a reader who has one can confirm the address. Each writes to the
/// console and answers the exit code.
namespace latchkey::app::cli {

int execute(const MailList& command, Context& context);
int execute(const MailRetry& command, Context& context);

}  // namespace latchkey::app::cli
