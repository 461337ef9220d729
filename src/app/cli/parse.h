#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/cli/command.h"

namespace latchkey::app::cli {

/// Reads the arguments that follow the program's name. Pure: it looks at nothing but its argument, so that
/// the server reads what a client forwards in the same way.
std::variant<Invocation, Ending> parse(const std::vector<std::string>& arguments);

/// Digits only are an id, and a text with an @ is an address; anything else names nobody.
std::optional<UserName> parse_user_name(std::string_view text);

}  // namespace latchkey::app::cli
