#pragma once

#include <span>
#include <string>
#include <string_view>

#include "http/message.h"

namespace latchkey::http {

/// The language tag that `Accept-Language` (RFC 9110 §12.5.4) names with the highest weight, the first of
/// equals; empty where none is wanted, or can be read. At most 35 letters, digits and hyphens (BCP 47
/// §4.4.1), as the client wrote them. Several such lines are one list.
std::string preferred_language(const Request& request);
std::string preferred_language(std::string_view accept_language);

/// The place, in `offered`, of the language that the client likes best of these; `offered.size()` where it
/// likes none. A wish for `de-AT` is one for `de`, too (RFC 4647 §3.4).
std::size_t best_language(const Request& request, std::span<const std::string_view> offered);
std::size_t best_language(std::string_view accept_language, std::span<const std::string_view> offered);

}  // namespace latchkey::http
