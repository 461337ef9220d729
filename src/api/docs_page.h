#pragma once

#include <boost/json/value.hpp>

#include "api/pages.h"

namespace latchkey::api {

/// A readable page of an OpenAPI 3.1 document: every operation with its parameters, bodies and responses, and
/// the schemas that they name. Static HTML like the other pages. Members that it does not know are passed
/// over; a document without `paths` gives a page without operations. Names nest to a bounded depth, so a
/// schema that refers to itself is fine.
Page render_docs_page(const boost::json::value& openapi);

}  // namespace latchkey::api
