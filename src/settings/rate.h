#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/rate.h"

namespace latchkey::settings {

/// A number and the time that as many take to come back, such as `1000/10m`; `off` is no limit. From 1 to
/// 1,000,000 within one second to 30 days; nothing for anything else.
std::optional<Rate> parse_rate(std::string_view text);

/// What `parse_rate` reads back.
std::string format_rate(const Rate& rate);

}  // namespace latchkey::settings
