#pragma once

#include <boost/json/value.hpp>
#include <string_view>

namespace latchkey::api {

/// The description of the public API as OpenAPI 3.1, made from the table of routes, the described bodies and
/// the catalogue of errors. `public_url` is where clients find the API.
boost::json::value make_openapi(std::string_view public_url);

}  // namespace latchkey::api
