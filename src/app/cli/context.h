#pragma once

#include <stop_token>

#include "app/cli/console.h"
#include "base/error.h"
#include "base/secret.h"
#include "flow/origin.h"
#include "flow/services.h"

namespace latchkey::app::cli {

/// What a command works with, wherever it runs: in the server, or in a process that has opened the store
/// itself.
struct Context {
  flow::Services& services;
  flow::Origin origin;  ///< `now` is fixed when the command begins
  Secret input;         ///< standard input, for commands that read it; one line end behind it is taken off
  Console& console;
  std::stop_token stop{};  ///< long work ends early, with nothing half done, once the server stops
};

/// Says why a command was refused, every wrong field in a line of its own. Answers the exit code.
int refuse(Console& console, const Error& error);

}  // namespace latchkey::app::cli
