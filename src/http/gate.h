#pragma once

#include <cstddef>
#include <optional>

#include "http/cors.h"
#include "http/message.h"
#include "http/respond.h"
#include "http/router.h"
#include "http/wire/head_parser.h"

namespace latchkey::http {

/// What the gate decided from a request's head alone, before any of its body is read.
struct Admission {
  const Resource* resource = nullptr;  ///< what the path named, for the log, also when refused
  std::optional<Response> answer;      ///< set: this is the answer, and no handler runs
  /// `answer` is about what was sent: on a guarded route only those who may ask get it (`Route::access`).
  bool judges_body = false;
};

/// Takes a request through the checks that its route's row decides, in the fixed order that stands as one
/// table in gate.cpp. Fills in `request.path`, `query`, the parameters and `route`.
Admission admit(const wire::RequestHead& head, Request& request, const Router& router, const Cors& cors,
                const Denials& denials);

}  // namespace latchkey::http
