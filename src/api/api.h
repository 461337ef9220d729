#pragma once

#include <functional>
#include <optional>
#include <string>

#include "flow/services.h"

namespace latchkey::api {

/// Why the server should get no traffic now (draining, the store out of reach), or nothing. Any thread may
/// call it.
using Readiness = std::function<std::optional<std::string>()>;

/// What handlers work with. app/serve.cpp owns it; it outlives the routers. Any thread may read it.
struct Api {
  flow::Services& services;
  Readiness readiness;
  std::string openapi;  ///< the description of all features (openapi.h), made once at start
};

}  // namespace latchkey::api
