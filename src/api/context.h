#pragma once

#include <span>
#include <string_view>

#include "base/error.h"
#include "flow/origin.h"
#include "flow/sessions/authenticate.h"
#include "http/message.h"

/// What handlers need of a request beside its body.
namespace latchkey::api {

/// Who may call a route. The value of http::Route::access.
enum class Access : int { anyone = 0, user = 1, administrator = 2 };

/// Where the request comes from, for flows and the audit; with the caller where the route has one.
flow::Origin origin_of(const http::Request& request);

/// The signed-in caller. Only on routes whose access asks for one: elsewhere it is a bug and throws.
const flow::sessions::Caller& caller_of(const http::Request& request);

/// A value given both in the query and in the body is refused: nobody could say which one counts (security
/// case H22). Refuses with repeated_parameter and malformed_form.
Result<> refuse_in_query(const http::Request& request, std::span<const std::string_view> names);

}  // namespace latchkey::api
