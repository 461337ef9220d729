#pragma once

#include <string>
#include <vector>

namespace latchkey::app::cli {

/// The whole program behind `main`: reads the arguments (without the program's name), serves, runs a command
/// here or in the server that runs, or says what is wrong. Answers the exit code: 0 done, 1 refused or
/// failed, 2 used wrongly, settings included.
int run(const std::vector<std::string>& arguments);

}  // namespace latchkey::app::cli
