#pragma once

#include <boost/json/value.hpp>
#include <string_view>

#include "api/feature.h"

namespace latchkey::api {

/// The description of the public listener as OpenAPI 3.1, made from the rows of all features, the described
/// bodies and the catalogue of errors. `public_url` is where clients find the API.
boost::json::value make_openapi(Features features, std::string_view public_url);

}  // namespace latchkey::api
