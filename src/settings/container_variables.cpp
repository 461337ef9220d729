#include "settings/container_variables.h"

#include <algorithm>
#include <array>

namespace latchkey::settings {
namespace {

/// `_PORT_8080_TCP`, alone or with `_…` behind it.
bool names_a_port(std::string_view name) {
  constexpr std::string_view word = "_PORT_";
  for (std::size_t at = name.find(word); at != std::string_view::npos; at = name.find(word, at + 1)) {
    std::string_view rest = name.substr(at + word.size());
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    rest.remove_prefix(digits);
    for (const std::string_view protocol : {"_TCP", "_UDP", "_SCTP"}) {
      if (digits > 0 && rest.starts_with(protocol) &&
          (rest.size() == protocol.size() || rest[protocol.size()] == '_'))
        return true;
    }
  }
  return false;
}

bool is_address(std::string_view value) {
  return std::ranges::any_of(std::array<std::string_view, 3>{"tcp://", "udp://", "sctp://"},
                             [value](std::string_view scheme) { return value.starts_with(scheme); });
}

}  // namespace

bool is_container_variable(std::string_view name, std::string_view value) {
  if (name.ends_with("_SERVICE_HOST") || name.ends_with("_SERVICE_PORT")) return true;
  if (name.find("_SERVICE_PORT_") != std::string_view::npos) return true;
  if (name.find("_ENV_") != std::string_view::npos) return true;
  if (name.ends_with("_PORT") && is_address(value)) return true;
  if (name.ends_with("_NAME")) return value.starts_with('/');
  return names_a_port(name);
}

}  // namespace latchkey::settings
