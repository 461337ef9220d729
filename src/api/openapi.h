#pragma once

#include <boost/json/value.hpp>

namespace latchkey::api {

/// The description of the public API as OpenAPI 3.1, made from the table of routes, the described bodies and
/// the catalogue of errors.
boost::json::value make_openapi();

}  // namespace latchkey::api
