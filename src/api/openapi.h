#pragma once

#include <boost/json/value.hpp>

#include "api/feature.h"

namespace latchkey::api {

/// The description of the public listener as OpenAPI 3.1, made from the rows of all features, the described
/// bodies and the catalogue of errors.
boost::json::value make_openapi(Features features);

}  // namespace latchkey::api
