#include "base/role.h"

namespace latchkey {

std::string_view to_string(Role role) {
  switch (role) {
    case Role::user:
      return "user";
    case Role::moderator:
      return "moderator";
    case Role::admin:
      return "admin";
  }
  return "user";
}

std::optional<Role> parse_role(std::string_view text) {
  if (text == "user") return Role::user;
  if (text == "moderator") return Role::moderator;
  if (text == "admin") return Role::admin;
  return std::nullopt;
}

}  // namespace latchkey
