#pragma once

#include <string>
#include <variant>
#include <vector>

#include "app/cli/command.h"

namespace latchkey::app::cli {

/// Reads the arguments that follow the program's name. Pure: it looks at nothing but its argument, so that
/// the server reads what a client forwards in the same way.
std::variant<Invocation, Ending> parse(const std::vector<std::string>& arguments);

}  // namespace latchkey::app::cli
