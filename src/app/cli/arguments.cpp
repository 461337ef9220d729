#include "app/cli/arguments.h"

#include <algorithm>

namespace latchkey::app::cli {
namespace {

constexpr char value_mark = '\0';

bool is_key_id(std::string_view text) {
  constexpr std::size_t key_id_size = 43;
  return text.size() == key_id_size && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                  c == '_';
         });
}

/// The program has one short option, and no long one that looks like an address or a key id.
bool is_value_with_dash(std::string_view text) {
  if (!text.starts_with("--")) return text.starts_with('-') && text.size() > 1 && text != "-h";
  return is_key_id(text) ||
         (text.find('@') != std::string_view::npos && text.find('=') == std::string_view::npos);
}

/// For CLI11 `--name=` would take the next argument for its value.
std::vector<std::string> split_empty_values(const std::vector<std::string>& arguments) {
  std::vector<std::string> result;
  for (const std::string& argument : arguments) {
    if (argument.starts_with("--") && argument.size() > 3 && argument.find('=') == argument.size() - 1) {
      result.push_back(argument.substr(0, argument.size() - 1));
      result.emplace_back();
    } else {
      result.push_back(argument);
    }
  }
  return result;
}

/// All that `is_value_with_dash`, up to a `--`, behind which CLI11 looks for no options anyway.
std::vector<std::string> mark_values(std::vector<std::string> arguments) {
  const auto end = std::ranges::find(arguments, "--");
  for (auto at = arguments.begin(); at != end; ++at) {
    if (is_value_with_dash(*at)) at->insert(at->begin(), value_mark);
  }
  return arguments;
}

}  // namespace

std::vector<std::string> prepare_arguments(const std::vector<std::string>& arguments) {
  return mark_values(split_empty_values(arguments));
}

bool is_marked(std::string_view text) { return text.starts_with(value_mark); }
std::string without_mark(const std::string& text) { return is_marked(text) ? text.substr(1) : text; }

}  // namespace latchkey::app::cli
