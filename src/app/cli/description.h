#pragma once

#include <string>

namespace latchkey::app::cli {

/// What the program is, with the features that it was built with: the first line of `latchkey --help`.
std::string describe_program();

}  // namespace latchkey::app::cli
