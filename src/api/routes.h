#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "api/context.h"
#include "api/documents.h"
#include "base/metrics.h"
#include "flow/keys/rotation.h"
#include "flow/services.h"
#include "http/route.h"

namespace latchkey::api {

/// What handlers work with. app/serve.cpp owns it; it outlives the routers.
struct Api {
  flow::Services& services;
  Readiness readiness;
  Documents documents;
};

using HandlerFunction = Task<Result<http::Response>> (*)(const Api&, http::Request&);

/// The schemas of openapi.json that a route can name.
enum class Schema : std::uint8_t {
  none,
  signup_request,
  login_form,
  email_request,
  access_request,
  user,
  signed_up,
  tokens,
  message,
  access_response,
  sessions,
  jwks,
  status,
  any_json,
  html,
};

/// What openapi.json says of a route beside what the other columns say.
struct Description {
  std::string_view tag;
  std::string_view summary;
  Schema request = Schema::none;
  int success = 200;
  Schema response = Schema::message;
  std::span<const ErrorCode> refusals;
};

enum class BearerToken : std::uint8_t { none, access, refresh };

/// One row of the table of routes: everything that dispatch, the gate, access, metrics and the description
/// need to know.
struct Endpoint {
  http::Method method;
  std::string_view pattern;
  Access access;
  BearerToken bearer;
  http::BodyKind body;
  http::Head head;
  metrics::Route counter;
  HandlerFunction handler;
  Description description;
};

/// The public API; its order is that of openapi.json.
std::span<const Endpoint> endpoints();
/// Metrics and health, for management_listen.
std::span<const Endpoint> management_endpoints();

/// The rows made ready for a router. `api` must outlive the result.
std::vector<http::Route> make_routes(std::span<const Endpoint> rows, const Api& api, std::size_t body_limit);

/// Lets a request pass to a route with an access level, and leaves its caller in the request. The one place
/// where a bearer token is turned into a user. Refuses with invalid_token and forbidden.
http::AccessHook make_access_hook(const Api& api);

}  // namespace latchkey::api
