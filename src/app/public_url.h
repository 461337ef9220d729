#pragma once

#include <string>

#include "base/endpoint.h"
#include "base/ip_address.h"
#include "settings/settings.h"

namespace latchkey::app {

/// What links, tokens and openapi.json call a server that listens at `endpoint`: the setting, or the listener
/// itself where none is set. On this machine that is a name, since no passkey can be made for an IP address
/// (WebAuthn §5.1.2).
inline std::string public_url(const Settings& settings, const Endpoint& endpoint) {
  if (!settings.public_url.empty()) return settings.public_url;
  if (loopback_twin(endpoint.address)) return "http://localhost:" + std::to_string(endpoint.port);
  return "http://" + to_string(endpoint);
}

}  // namespace latchkey::app
