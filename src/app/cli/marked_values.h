#pragma once

#include <string>
#include <string_view>
#include <vector>

/// What is done to arguments before CLI11 reads them.
namespace latchkey::app::cli {

/// What is wrong with arguments that CLI11 can not judge.
struct Misuse {
  std::string sentence;
};

bool is_marked(std::string_view text);
std::string without_mark(const std::string& text);

/// For CLI11 `--name=` would take the next argument for its value.
std::vector<std::string> split_empty_values(const std::vector<std::string>& arguments);

/// Marks values that begin with a dash, which would be options for CLI11: one key id in 64, and any address
/// that somebody chooses, may begin with one. Up to a `--`, behind which CLI11 looks for no options anyway.
std::vector<std::string> mark_values(std::vector<std::string> arguments);

}  // namespace latchkey::app::cli
