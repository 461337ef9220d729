// The arguments of the program as CLI11 must get them. CLI11 takes a value that begins with a dash for an
// option, and one key id in 64, and any address that somebody chooses, may begin with one. No argument of a
// program holds NUL, so one in front marks such a value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace latchkey::app::cli {

/// What CLI11 parses: values that begin with a dash are marked, and `--name=` is split in two, since CLI11
/// would take the next argument for its value.
std::vector<std::string> prepare_arguments(const std::vector<std::string>& arguments);

bool is_marked(std::string_view text);
std::string without_mark(const std::string& text);

}  // namespace latchkey::app::cli
