#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace latchkey::http {

/// The language tag that `Accept-Language` (RFC 9110 §12.5.4) names with the highest weight, the first of
/// equals; empty where none is wanted, or can be read. At most 35 letters, digits and hyphens (BCP 47
/// §4.4.1), as the client wrote them. Several such lines are one list.
std::string preferred_language(const Request& request);
std::string preferred_language(std::string_view accept_language);

}  // namespace latchkey::http
