#pragma once

#include <string>
#include <string_view>

#include "settings/settings.h"

namespace latchkey::app {

/// What links, tokens and openapi.json call a server that listens at `address` (ADDRESS:PORT): the setting,
/// or the listener itself where none is set.
inline std::string public_url(const Settings& settings, std::string_view address) {
  return settings.public_url.empty() ? "http://" + std::string(address) : settings.public_url;
}

}  // namespace latchkey::app
