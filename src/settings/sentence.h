#pragma once

#include <string>
#include <string_view>

namespace latchkey::settings {

/// A value or a name in quotes for a sentence to the operator: escaped, so that it can not disturb a
/// terminal, and shortened.
std::string quote(std::string_view text);

}  // namespace latchkey::settings
