#pragma once

#include <cstddef>
#include <vector>

#include "api/feature.h"
#include "http/route.h"

namespace latchkey::api {

/// The rows of all features that a listener serves, made ready for a router. `api` must outlive the result.
std::vector<http::Route> make_routes(Features features, Listener listener, const Api& api,
                                     std::size_t body_limit);

}  // namespace latchkey::api
