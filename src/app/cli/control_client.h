#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/command.h"
#include "app/cli/console.h"
#include "base/secret.h"

namespace latchkey::app::cli {

/// A command as it is forwarded.
struct Request {
  std::vector<std::string> arguments;
  std::filesystem::path directory;  ///< where it was given
  const Secret& input;
};

/// Has the server that runs for this data directory carry out a command, and writes what it answers. Nothing
/// when none runs there. Throws std::runtime_error, for the operator to read, when one is there but does not
/// answer, or is one that this user has no reason to trust: nothing is said to it.
std::optional<int> ask_server(const std::filesystem::path& data_dir, const Command& command,
                              const Request& request, Console& console);

}  // namespace latchkey::app::cli
