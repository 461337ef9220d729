#include "api/access.h"
#include "api/api.h"
#include "api/cursor.h"
#include "api/decode.h"
#include "api/encode.h"
#include "api/feature.h"
#include "api/token_response.h"
#include "features/sessions/events.h"
#include "features/sessions/feature.h"
#include "features/sessions/log_out.h"
#include "features/sessions/own_sessions.h"
#include "features/sessions/pages.h"
#include "features/sessions/refresh.h"
#include "http/bearer.h"
#include "http/respond.h"

namespace latchkey::features::sessions {
namespace {

using enum ErrorCode;

struct SessionResponse {
  std::string id;
  Timestamp created_at;
  Timestamp last_used_at;
  std::string address;
  std::string user_agent;
  bool current = false;
};
constexpr auto describe(const SessionResponse*) {
  return api::object(
      "Session", api::member("id", &SessionResponse::id),
      api::member("created_at", &SessionResponse::created_at),
      api::member("last_used_at", &SessionResponse::last_used_at,
                  {.meaning = "when its refresh token was last exchanged"}),
      api::member("address", &SessionResponse::address, {.meaning = "the IP address that signed in"}),
      api::member("user_agent", &SessionResponse::user_agent),
      api::member("current", &SessionResponse::current,
                  {.meaning = "whether this is the session that asks"}));
}

SessionResponse session_response(const store::sessions::Listed& session, const SessionId& current) {
  return {.id = to_string(session.id),
          .created_at = session.created_at,
          .last_used_at = session.rotated_at,
          .address = session.address,
          .user_agent = session.user_agent,
          .current = session.id == current};
}

Task<Result<http::Response>> exchange_refresh_token(const api::Api& api, http::Request& request) {
  const auto token = http::bearer_token(request);
  if (!token.has_value()) co_return Error(invalid_token);
  flow::Origin origin = api::origin_of(request);
  std::string text(*token);
  auto tokens = co_await refresh(api.services, std::move(origin), std::move(text));
  if (tokens.has_error()) co_return tokens.error();
  co_return http::json_response(200, api::to_json(api::token_response(std::move(*tokens))));
}

Task<Result<http::Response>> post_logout(const api::Api& api, http::Request& request) {
  const auto token = http::bearer_token(request);
  if (!token.has_value()) co_return Error(invalid_token);
  flow::Origin origin = api::origin_of(request);
  std::string text(*token);
  const auto ended = co_await log_out(api.services, std::move(origin), std::move(text));
  if (ended.has_error()) co_return ended.error();
  co_return http::message_response(200, "Logged out successfully");
}

Own own_of(const http::Request& request) {
  const auto& caller = api::caller_of(request);
  return {.user = caller.user.id, .current = caller.session};
}

Task<Result<http::Response>> get_sessions(const api::Api& api, http::Request& request) {
  const auto query = api::decode_query<api::PageQuery>(request);
  if (query.has_error()) co_return query.error();
  const auto& caller = api::caller_of(request);
  const auto keys = api.services.keys.current();
  const auto after = find_position(keys->ring(), caller, *query);
  if (after.has_error()) co_return after.error();
  flow::Origin origin = api::origin_of(request);
  const std::int64_t limit = query->limit.value_or(api::most_rows);
  const Own own = own_of(request);
  const auto page = co_await list_own_sessions(api.services, std::move(origin), own, *after, limit);
  std::vector<SessionResponse> sessions;
  sessions.reserve(page.rows.size());
  for (const auto& session : page.rows) sessions.push_back(session_response(session, caller.session));
  auto response = http::json_response(200, api::to_json(sessions));
  if (page.next.has_value())
    api::link_next_page(response, *query, seal_position(keys->ring(), caller, *page.next));
  co_return response;
}

Task<Result<http::Response>> delete_session(const api::Api& api, http::Request& request) {
  const auto session = parse_id<SessionId>(request.parameter("id"));
  if (!session.has_value()) co_return Error(session_not_found);
  flow::Origin origin = api::origin_of(request);
  const Own own = own_of(request);
  const auto ended = co_await end_own_session(api.services, std::move(origin), own, *session);
  if (ended.has_error()) co_return ended.error();
  co_return http::empty_response();
}

Task<Result<http::Response>> post_logout_all(const api::Api& api, http::Request& request) {
  flow::Origin origin = api::origin_of(request);
  const Own own = own_of(request);
  const auto ended = co_await log_out_everywhere(api.services, std::move(origin), own);
  if (ended.has_error()) co_return ended.error();
  co_return http::message_response(200, "Logged out of all sessions");
}

constexpr api::Endpoint endpoints[] = {
    {
        .method = http::Method::post,
        .path = "/api/auth/logout",
        .tag = "auth",
        .summary = "End the session of a refresh token",
        .access = api::refresh_token_holder,
        .answer = api::gives<api::MessageResponse>(),
        .refusals = {invalid_token},
        .errors = http::ErrorStyle::field_list,
        .counter = "logout",
        .handler = post_logout,
    },
    {
        .method = http::Method::get,
        .path = "/api/auth/refresh_token",
        .tag = "auth",
        .summary = "Exchange a refresh token for new tokens",
        .description = "A refresh token can be used once. Sending it again after `tokens.refresh_grace` ends "
                       "the session; before that, the answer has the same successor again.",
        .access = api::refresh_token_holder,
        .rate = api::rates::refresh,
        .answer = api::gives<api::TokenResponse>(),
        .refusals = {invalid_token},
        .errors = http::ErrorStyle::field_list,
        .counter = "refresh",
        .handler = exchange_refresh_token,
    },
    {
        .method = http::Method::post,
        .path = "/api/auth/refresh_token",
        .tag = "auth",
        .summary = "Exchange a refresh token for new tokens",
        .description = "A refresh token can be used once. Sending it again after `tokens.refresh_grace` ends "
                       "the session; before that, the answer has the same successor again.",
        .access = api::refresh_token_holder,
        .rate = api::rates::refresh,
        .answer = api::gives<api::TokenResponse>(),
        .refusals = {invalid_token},
        .counter = "refresh",
        .handler = exchange_refresh_token,
    },
    {
        .method = http::Method::get,
        .path = "/api/auth/sessions",
        .tag = "sessions",
        .summary = "The caller's live sessions: the present one, then the others, the newest first",
        .access = api::signed_in,
        .query = api::takes_query<api::PageQuery>(),
        .answer = api::gives_list<SessionResponse>("Sessions"),
        .refusals = {invalid_token, validation_failed},
        .head = http::Head::allowed,
        .counter = "sessions",
        .handler = get_sessions,
    },
    {
        .method = http::Method::delete_,
        .path = "/api/auth/sessions/{id}",
        .tag = "sessions",
        .summary = "End one of the caller's sessions",
        .access = api::signed_in,
        .answer = api::gives_nothing(),
        .refusals = {invalid_token, session_not_found},
        .counter = "sessions",
        .handler = delete_session,
    },
    {
        .method = http::Method::post,
        .path = "/api/auth/logout_all",
        .tag = "sessions",
        .summary = "End all of the caller's sessions",
        .access = api::signed_in,
        .answer = api::gives<api::MessageResponse>(),
        .refusals = {invalid_token},
        .counter = "sessions",
        .handler = post_logout_all,
    },
};

}  // namespace

const api::Feature feature{.name = "sessions",
                           .endpoints = endpoints,
                           .browser_endpoints = browser_endpoints,
                           .pages = pages,
                           .counters = events::counters};

}  // namespace latchkey::features::sessions
