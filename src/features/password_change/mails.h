#pragma once

#include <string_view>

namespace latchkey::features::password_change {

/// The notices to the owner.
inline constexpr std::string_view replaced_message = "password_replaced";
inline constexpr std::string_view removed_message = "password_removed";

}  // namespace latchkey::features::password_change
