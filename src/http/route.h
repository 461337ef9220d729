#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "base/error.h"
#include "base/task.h"
#include "http/message.h"
#include "http/rate_limit.h"
#include "http/route_counts.h"

namespace latchkey::http {

/// Answers one request, on the thread of its connection. The request stays where it is until the coroutine
/// ends. A denial is rendered as a problem document; `Unavailable` becomes 503 and any other exception 500,
/// both without their text. Make it of a plain function or of a lambda that only forwards: GCC 12 must not
/// see a coroutine that is a lambda with captures.
using Handler = std::function<Task<Result<Response>>(Request&)>;

/// Runs before the handlers of all routes whose `access` is not 0, after the body has arrived: api
/// authenticates here and may leave what it found in `Request::caller`. A denial is the answer, and comes
/// before what else there is to say of a request that names a route: where the type or the size of its body
/// is refused, this has run as well.
using AccessHook = std::function<Task<Result<void>>(const Route&, Request&)>;

/// What a route takes as its body.
enum class BodyKind : std::uint8_t {
  none,  ///< whatever comes is neither judged nor waited for: the answer goes out at once, and the connection
         ///< ends with it unless all of the body was there by then
  json,  ///< application/json, application/…+json, or no Content-Type; without a body it reaches the handler,
         ///< which refuses it
  optional_json,  ///< the same, and the handler can do without
  form,           ///< application/x-www-form-urlencoded or multipart/form-data
};

/// Whether HEAD may stand in for GET: only where GET has no effect.
enum class Head : std::uint8_t { refused, allowed };

/// How a denial of a route is written.
enum class ErrorStyle : std::uint8_t {
  problem,     ///< a problem document (RFC 9457) whose `detail` is a sentence
  field_list,  ///< the same, but `detail` of a validation failure is the list of wrong fields, as the clients
               ///< of the Python service read it
  token_endpoint,      ///< as field_list, with the members `error` and `error_description` of RFC 6749 §5.2
  sign_in_step,        ///< as problem, with these two members
  page,                ///< a page, for people (Denials::page)
  page_or_field_list,  ///< a page for a client that prefers HTML, field_list for any other
};

/// Which requests a route exists for. To all others its path is one that nobody knows.
enum class Reach : std::uint8_t {
  everywhere,
  this_machine,  ///< those that come straight from a program on this machine (this_machine.h)
};

inline constexpr std::size_t default_body_limit = 65536;

/// One row of the table of routes. OPTIONS is answered by the gate and has no row.
struct Route {
  Method method = Method::get;
  std::string_view pattern;  ///< such as "/api/auth/block_user/{user_id}"; a parameter is a whole segment;
                             ///< must outlive the router
  BodyKind body = BodyKind::none;
  std::size_t body_limit = default_body_limit;
  Head head = Head::refused;
  int access = 0;  ///< opaque here, 0 is open to everyone; the access hook reads it
  ErrorStyle errors = ErrorStyle::problem;
  Reach reach = Reach::everywhere;  ///< the same in all rows of a pattern
  RateLimit rate;  ///< judged from the head alone, before anything else that the request may cost
  RouteCounts* counts = nullptr;  ///< nothing: counted among what no route took
  Handler handler;
};

}  // namespace latchkey::http
