#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/metrics.h"
#include "flow/accounts/first_link.h"
#include "flow/services.h"
#include "web/pages.h"

namespace latchkey::api {

/// Why the server should get no traffic now (draining, the store out of reach), or nothing. Any thread may
/// call it.
using Readiness = std::function<std::optional<std::string>()>;

/// What pages may do at the public address.
struct BrowserRules {
  std::string origin;  ///< as browsers write it
  /// Whether pages may hand out cookies: only over https, and on this machine.
  bool may_set_cookies = false;
};

/// What handlers work with. app/serve.cpp owns it; it outlives the routers. Any thread may read it.
struct Api {
  flow::Services& services;
  const web::Pages& pages;
  flow::accounts::FirstLink& first_link;
  Readiness readiness;
  metrics::Families counters;  ///< of the whole program
  std::string openapi;         ///< the description of all features (openapi.h), made once at start
  BrowserRules browsers{};     ///< of the public address (browser_access.h)
};

}  // namespace latchkey::api
