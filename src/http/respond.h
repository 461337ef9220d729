#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/message.h"
#include "http/route.h"

namespace latchkey::http {

inline constexpr std::string_view json_type = "application/json";
inline constexpr std::string_view problem_type = "application/problem+json";
inline constexpr std::string_view html_type = "text/html; charset=utf-8";
inline constexpr std::string_view text_type = "text/plain; charset=utf-8";

/// `application/json` whose text is ready. RFC 8259 §8.1: always UTF-8, so there is no charset parameter.
Response json_response(int status, std::string text);

/// `{"message":"…"}`, as the contract's routes without data answer.
Response message_response(int status, std::string_view message);

Response text_response(int status, std::string text);

/// 204.
Response empty_response();

/// How denials are written.
struct Denials {
  std::string problem_type_base = "https://latchkey.dev/errors#";
  /// Makes the page of a denial, for rows with ErrorStyle::page. Without it they answer with problem
  /// documents. Any thread may call it.
  std::function<Response(const Error&, const Request&)> page;
};

/// The answer for a denial: a page where the style asks for one, else a problem document (RFC 9457) whose
/// `type` is the base followed by the code. A 401 gets `WWW-Authenticate: Bearer
/// realm="latchkey"`, with `error="invalid_token"` where the request carried bearer credentials and that is
/// what was wrong (RFC 6750 §3); a positive `retry_after` becomes Retry-After. A denial for asking too much
/// (`overloaded`, `too_many_…`) is marked as paced. The gate and the connection call this for every denial.
Response denial_response(const Error& error, const Request& request, ErrorStyle style,
                         const Denials& denials);

/// The style of the row that answers; problem documents while no row has been chosen.
ErrorStyle error_style_of(const Request& request);

}  // namespace latchkey::http
