#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace latchkey::settings {

/// A whole number and its unit, `ms s m h d`, such as `15m` or `0s`. Nothing for anything else: a number
/// without a unit would be read as seconds by one and as minutes by another.
std::optional<Microseconds> parse_duration(std::string_view text);

/// The shortest form that `parse_duration` reads back, in the largest unit that is exact. Whole milliseconds
/// only.
std::string format_duration(Microseconds duration);

}  // namespace latchkey::settings
