#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace latchkey {

enum class Role : std::uint8_t { user, moderator, admin };

std::string_view to_string(Role role);
std::optional<Role> parse_role(std::string_view text);

}  // namespace latchkey
