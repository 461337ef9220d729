#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/charset.h"
#include "http/message.h"

namespace latchkey::http {

/// The bound keeps the cost of a media type linear in its length: parameters are compared with each other. No
/// type that anybody sends has more than four.
inline constexpr std::size_t max_media_type_parameters = 8;

/// A parsed Content-Type (RFC 9110 §8.3.1). Type, subtype and parameter names are in lower case.
struct MediaType {
  std::string essence;  ///< "application/json"
  std::vector<std::pair<std::string, std::string>> parameters;

  std::optional<std::string_view> parameter(std::string_view name) const;
  /// What the parameter `charset` says; UTF-8 without one.
  Charset charset() const;
};

/// Nothing for a value that is not one media type, repeats a parameter, or has more than
/// max_media_type_parameters.
std::optional<MediaType> parse_media_type(std::string_view value);

/// `qvalue` of RFC 9110 §12.4.2 in thousandths; -1 for anything else.
int parse_weight(std::string_view text);

/// The contract's rule for pages: `Accept` names text/html with a higher weight than application/json, where
/// wildcards count for neither. Several Accept lines are one list (RFC 9110 §5.3); what can not be parsed
/// counts for nothing.
bool prefers_html(const Request& request);
bool prefers_html(std::string_view accept);

}  // namespace latchkey::http
