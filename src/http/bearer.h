#pragma once

#include <optional>
#include <string_view>

#include "http/message.h"

namespace latchkey::http {

/// The token of `Authorization: Bearer <token>`, the only place where one is read (RFC 6750 §2.1). Nothing
/// when the header is missing or repeated, names another scheme, or holds more or less than one token of that
/// grammar. The scheme is compared without case.
std::optional<std::string_view> bearer_token(const Request& request);

/// Whether the request carries bearer credentials at all, well-formed or not.
bool presents_bearer(const Request& request);

}  // namespace latchkey::http
