#pragma once

#include <boost/json/value.hpp>

#include "web/pages.h"

namespace latchkey::features::documents {

/// A readable page of an OpenAPI 3.1 document: every operation with its parameters, bodies and responses, and
/// the schemas that they name. Static HTML like the other pages. Members that it does not know are passed
/// over; a document without `paths` gives a page without operations. Names nest to a bounded depth, so a
/// schema that refers to itself is fine.
web::Page render_docs_page(const boost::json::value& openapi);

}  // namespace latchkey::features::documents
