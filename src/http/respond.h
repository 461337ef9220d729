#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "http/message.h"

namespace latchkey::http {

inline constexpr std::string_view json_type = "application/json";
inline constexpr std::string_view problem_type = "application/problem+json";
inline constexpr std::string_view html_type = "text/html; charset=utf-8";
inline constexpr std::string_view text_type = "text/plain; charset=utf-8";

/// `application/json` whose text is ready. RFC 8259 §8.1: always UTF-8, so there is no charset parameter.
Response json_response(int status, std::string text);

/// `{"message":"…"}`, as the contract's routes without data answer.
Response message_response(int status, std::string_view message);

/// A page. `content_security_policy` must outlive the response.
Response html_response(int status, std::string page, std::string_view content_security_policy);

Response text_response(int status, std::string text);

/// 204.
Response empty_response();

/// The problem document (RFC 9457) of a denial: `type` is `type_base` followed by the code. A 401 gets
/// `WWW-Authenticate: Bearer realm="latchkey"`, with `error="invalid_token"` where the request carried bearer
/// credentials and that is what was wrong (RFC 6750 §3); a positive `retry_after` becomes Retry-After. The
/// connection calls this for every denial that a handler returns; handlers need it only to mix a problem into
/// something else.
Response problem_response(const Error& error, const Request& request, std::string_view type_base);

}  // namespace latchkey::http
