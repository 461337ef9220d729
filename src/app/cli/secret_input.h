#pragma once

#include <string_view>

#include "base/secret.h"

namespace latchkey::app::cli {

/// Reads standard input to its end, or, from a terminal, one line that it does not show. One line end behind
/// it is taken off. Throws std::runtime_error when it is larger than any password or hash.
Secret read_secret_input(std::string_view prompt);

/// The text without one LF, or CR and LF, at its end.
std::string_view without_line_end(std::string_view text);

}  // namespace latchkey::app::cli
