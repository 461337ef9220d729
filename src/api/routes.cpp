#include "api/routes.h"

#include "api/auth.h"
#include "api/confirmation.h"
#include "api/users.h"
#include "flow/block_user.h"
#include "http/bearer.h"
#include "http/form.h"

namespace latchkey::api {
namespace {

using enum ErrorCode;
using http::BodyKind;
using http::Head;
using http::Method;
using Counter = metrics::Route;
using Flow = Task<Result<http::Response>> (*)(flow::Services&, http::Request&);

/// A handler that needs the services only.
template <Flow flow>
Task<Result<http::Response>> call(const Api& api, http::Request& request) {
  return flow(api.services, request);
}

// What each route may refuse, beside what the gate refuses everywhere.
constexpr ErrorCode signup_refusals[] = {malformed_json, account_exists, username_taken, validation_failed,
                                         overloaded};
constexpr ErrorCode login_refusals[] = {malformed_form,  invalid_credentials, email_not_confirmed,
                                        account_blocked, validation_failed,   too_many_attempts,
                                        overloaded};
constexpr ErrorCode token_refusals[] = {invalid_token};
constexpr ErrorCode confirm_refusals[] = {invalid_confirmation};
constexpr ErrorCode email_refusals[] = {malformed_json, validation_failed};
constexpr ErrorCode block_refusals[] = {malformed_json, invalid_token,      forbidden,
                                        user_not_found, last_administrator, validation_failed};
constexpr ErrorCode session_refusals[] = {invalid_token, session_not_found};
constexpr ErrorCode ready_refusals[] = {unavailable};

constexpr auto open = Access::anyone;
constexpr auto user = Access::user;
constexpr auto admin = Access::administrator;
constexpr auto no_token = BearerToken::none;
constexpr auto access = BearerToken::access;
constexpr auto refresh = BearerToken::refresh;

// clang-format off
const Endpoint table[] = {
  // method           pattern                                access bearer    body                     head            counter                handler                       tag, summary, request, success, response, refusals
  {Method::post,    "/api/auth/signup",                      open,  no_token, BodyKind::json,          Head::refused, Counter::signup,        call<sign_up>,              {"auth", "Open an account", Schema::signup_request, 201, Schema::signed_up, signup_refusals}},
  {Method::post,    "/api/auth/login",                       open,  no_token, BodyKind::form,          Head::refused, Counter::login,         call<log_in>,               {"auth", "Sign in with address and password", Schema::login_form, 200, Schema::tokens, login_refusals}},
  {Method::post,    "/api/auth/logout",                      open,  refresh,  BodyKind::none,          Head::refused, Counter::logout,        call<log_out>,              {"auth", "End the session of a refresh token", Schema::none, 200, Schema::message, token_refusals}},
  {Method::get,     "/api/auth/refresh_token",               open,  refresh,  BodyKind::none,          Head::refused, Counter::refresh,       call<refresh_token>,        {"auth", "Exchange a refresh token for new tokens", Schema::none, 200, Schema::tokens, token_refusals}},
  {Method::post,    "/api/auth/refresh_token",               open,  refresh,  BodyKind::none,          Head::refused, Counter::refresh,       call<refresh_token>,        {"auth", "Exchange a refresh token for new tokens", Schema::none, 200, Schema::tokens, token_refusals}},
  {Method::get,     "/api/auth/confirmed_email/{token}",     open,  no_token, BodyKind::none,          Head::refused, Counter::confirmation,  call<get_confirmed_email>,  {"confirmation", "Confirm the address; browsers get a page with a button", Schema::none, 200, Schema::message, confirm_refusals}},
  {Method::post,    "/api/auth/confirmed_email/{token}",     open,  no_token, BodyKind::none,          Head::refused, Counter::confirmation,  call<post_confirmed_email>, {"confirmation", "Confirm the address", Schema::none, 200, Schema::message, confirm_refusals}},
  {Method::get,     "/api/auth/rejected_email/{token}",      open,  no_token, BodyKind::none,          Head::allowed, Counter::confirmation,  call<get_rejected_email>,   {"confirmation", "\"This was not me\": a page with a button, changes nothing", Schema::none, 200, Schema::message, confirm_refusals}},
  {Method::post,    "/api/auth/rejected_email/{token}",      open,  no_token, BodyKind::none,          Head::refused, Counter::confirmation,  call<post_rejected_email>,  {"confirmation", "\"This was not me\": remove the unconfirmed account", Schema::none, 200, Schema::message, confirm_refusals}},
  {Method::post,    "/api/auth/request_email",               open,  no_token, BodyKind::json,          Head::refused, Counter::request_email, call<request_email>,        {"confirmation", "Ask for another confirmation mail", Schema::email_request, 200, Schema::message, email_refusals}},
  {Method::post,    "/api/auth/block_user/{user_id}",        admin, access,   BodyKind::optional_json, Head::refused, Counter::admin,         call<block_user>,           {"administration", "Block or unblock an account", Schema::access_request, 200, Schema::access_response, block_refusals}},
  {Method::get,     "/api/users/me",                         user,  access,   BodyKind::none,          Head::allowed, Counter::me,            call<get_me>,               {"users", "Who is signed in", Schema::none, 200, Schema::user, token_refusals}},
  {Method::get,     "/api/auth/sessions",                    user,  access,   BodyKind::none,          Head::allowed, Counter::sessions,      call<list_sessions>,        {"sessions", "The caller's live sessions", Schema::none, 200, Schema::sessions, token_refusals}},
  {Method::delete_, "/api/auth/sessions/{id}",               user,  access,   BodyKind::none,          Head::refused, Counter::sessions,      call<delete_session>,       {"sessions", "End one of the caller's sessions", Schema::none, 204, Schema::none, session_refusals}},
  {Method::post,    "/api/auth/logout_all",                  user,  access,   BodyKind::none,          Head::refused, Counter::sessions,      call<log_out_all>,          {"sessions", "End all of the caller's sessions", Schema::none, 200, Schema::message, token_refusals}},
  {Method::get,     "/.well-known/jwks.json",                open,  no_token, BodyKind::none,          Head::allowed, Counter::documents,     get_jwks,                   {"documents", "The public keys that access tokens are signed with", Schema::none, 200, Schema::jwks, {}}},
  {Method::get,     "/openapi.json",                         open,  no_token, BodyKind::none,          Head::allowed, Counter::documents,     get_openapi,                {"documents", "This description", Schema::none, 200, Schema::any_json, {}}},
  {Method::get,     "/docs",                                 open,  no_token, BodyKind::none,          Head::allowed, Counter::documents,     get_docs,                   {"documents", "This description, for people", Schema::none, 200, Schema::html, {}}},
  {Method::get,     "/healthz",                              open,  no_token, BodyKind::none,          Head::allowed, Counter::health,        get_health,                 {"health", "The process lives", Schema::none, 200, Schema::status, {}}},
  {Method::get,     "/readyz",                               open,  no_token, BodyKind::none,          Head::allowed, Counter::health,        get_readiness,              {"health", "The server should get traffic", Schema::none, 200, Schema::status, ready_refusals}},
};

const Endpoint management_table[] = {
  {Method::get, "/metrics", open, no_token, BodyKind::none, Head::allowed, Counter::documents, get_metrics,   {"health", "Counts for Prometheus", Schema::none, 200, Schema::none, {}}},
  {Method::get, "/healthz", open, no_token, BodyKind::none, Head::allowed, Counter::health,    get_health,    {"health", "The process lives", Schema::none, 200, Schema::status, {}}},
  {Method::get, "/readyz",  open, no_token, BodyKind::none, Head::allowed, Counter::health,    get_readiness, {"health", "The server should get traffic", Schema::none, 200, Schema::status, {}}},
};
// clang-format on

Task<Result<http::Response>> refuse(Error error) { co_return error; }

/// Nobody could say which one of two values counts: a query with a repeated name is refused everywhere
/// (security case H22).
std::optional<Error> wrong_query(const http::Request& request) {
  if (request.query.empty()) return std::nullopt;
  const auto query = http::parse_query(request);
  if (query.has_error()) return query.error();
  if (query->has_repeats()) return Error(ErrorCode::repeated_parameter);
  return std::nullopt;
}

Task<Result<void>> authorize(const Api& api, const http::Route& route, http::Request& request) {
  const auto token = http::bearer_token(request);
  if (!token.has_value()) co_return Error(ErrorCode::invalid_token);
  auto caller = co_await flow::sessions::authenticate(api.services, request.now, *token);
  if (caller.has_error()) co_return caller.error();
  request.caller.set(std::move(*caller));
  if (route.access != static_cast<int>(Access::administrator)) co_return Result<>{};
  flow::Origin origin = origin_of(request);
  std::string asked_for(route.pattern);
  const Role role = caller_of(request).user.role;
  co_return co_await flow::require_administrator(api.services, std::move(origin), role, std::move(asked_for));
}

}  // namespace

std::span<const Endpoint> endpoints() { return table; }
std::span<const Endpoint> management_endpoints() { return management_table; }

std::vector<http::Route> make_routes(std::span<const Endpoint> rows, const Api& api, std::size_t body_limit) {
  std::vector<http::Route> routes;
  for (const auto& row : rows) {
    const HandlerFunction handler = row.handler;
    routes.push_back({.method = row.method,
                      .pattern = row.pattern,
                      .body = row.body,
                      .body_limit = body_limit,
                      .head = row.head,
                      .access = static_cast<int>(row.access),
                      .counted_as = row.counter,
                      .handler = [&api, handler](http::Request& request) {
                        if (auto wrong = wrong_query(request)) return refuse(std::move(*wrong));
                        return handler(api, request);
                      }});
  }
  return routes;
}

http::AccessHook make_access_hook(const Api& api) {
  return [&api](const http::Route& route, http::Request& request) { return authorize(api, route, request); };
}

}  // namespace latchkey::api
