#include "features/sessions/pages.h"

#include "api/access.h"
#include "api/api.h"
#include "api/browser_cookies.h"
#include "api/decode.h"
#include "api/page_rows.h"
#include "api/show.h"
#include "features/sessions/log_out.h"
#include "features/sessions/own_sessions.h"
#include "flow/accounts/client_words.h"
#include "http/cookie.h"

namespace latchkey::features::sessions {
namespace {

using store::sessions::ListPosition;

constexpr std::int64_t rows_of_page = 50;

constexpr web::PageFile sign_out_page{.file = "sessions/sign_out.html", .title = "@sign_out.title"};
constexpr web::PageFile list_page{
    .file = "sessions/list.html",
    .title = "@sessions.title",
    .variables = {"sessions.id", "sessions.client", "sessions.address", "sessions.current",
                  "sessions.made_machine", "sessions.made_shown", "sessions.used_machine",
                  "sessions.used_shown", "has_others", "next"},
    .layout = "account.html",
    .script = "latchkey.js",
    .section = "sessions"};

Own own_from_page(const http::Request& request) {
  const auto& caller = api::caller_of(request);
  return {.user = caller.user.id, .current = caller.session};
}

TemplateValues values_of(const store::sessions::Listed& session, const SessionId& current) {
  return {{"id", to_string(session.id)},
          {"client", flow::accounts::describe_client(session.user_agent)},
          {"address", session.address},
          {"current", session.id == current ? "yes" : ""},
          {"made_machine", web::machine_time(session.created_at)},
          {"made_shown", web::show_time(session.created_at)},
          {"used_machine", web::machine_time(session.rotated_at)},
          {"used_shown", web::show_time(session.rotated_at)}};
}

Task<Result<http::Response>> get_list(const api::Api& api, http::Request& request) {
  const auto query = api::decode_query<api::PageQuery>(request);
  if (query.has_error()) co_return query.error();
  const auto keys = api.services.keys.current();
  const auto& caller = api::caller_of(request);
  const auto after = find_position(keys->ring(), caller, *query);
  if (after.has_error()) co_return after.error();
  flow::Origin origin = api::origin_of(request);
  const Own own = own_from_page(request);
  const auto page = co_await list_own_sessions(api.services, std::move(origin), own, *after, rows_of_page);
  std::vector<TemplateValues> rows;
  for (const auto& session : page.rows) rows.push_back(values_of(session, own.current));
  TemplateValues values{{"has_others", rows.size() > 1 ? "yes" : ""}};
  values.set("sessions", std::move(rows));
  if (page.next.has_value()) values.set("next", seal_position(keys->ring(), caller, *page.next));
  co_return api::show(api, request, list_page, std::move(values));
}

Task<Result<http::Response>> post_end_others(const api::Api& api, http::Request& request) {
  flow::Origin origin = api::origin_of(request);
  const Own own = own_from_page(request);
  const auto ended = co_await end_other_sessions(api.services, std::move(origin), own);
  if (ended.has_error()) co_return ended.error();
  co_return api::go_to(request, "account/sessions?note=sessions_ended");
}

Task<Result<http::Response>> post_end(const api::Api& api, http::Request& request) {
  const auto session = parse_id<SessionId>(request.parameter("id"));
  if (!session.has_value()) co_return Error(ErrorCode::session_not_found);
  flow::Origin origin = api::origin_of(request);
  const Own own = own_from_page(request);
  const auto ended = co_await end_own_session(api.services, std::move(origin), own, *session);
  // Sent twice, or ended elsewhere meanwhile: it is ended.
  if (ended.has_error() && ended.error().code != ErrorCode::session_not_found) co_return ended.error();
  co_return api::go_to(request, "account/sessions?note=session_ended");
}

Task<Result<http::Response>> get_end(const api::Api&, http::Request& request) {
  co_return api::go_to(request, "account/sessions");
}

Task<Result<http::Response>> get_sign_out(const api::Api& api, http::Request& request) {
  co_return api::show(api, request, sign_out_page);
}

Task<Result<http::Response>> post_sign_out(const api::Api& api, http::Request& request) {
  flow::Origin origin = api::origin_of(request);
  const SessionId session = api::caller_of(request).session;
  co_await log_out_browser(api.services, std::move(origin), session);
  auto response = api::go_to(request, "sign-in?note=signed_out");
  http::expire_cookie(response, api::session_cookie);
  // Not "cookies": that takes those of sibling domains, too.
  response.headers.push_back({"Clear-Site-Data", R"("cache", "storage")"});
  co_return response;
}

constexpr web::PageFile page_list[] = {sign_out_page, list_page};
constexpr api::Endpoint page_rows[] = {
    api::page_row("/account/sessions", "Where the account is signed in", api::signed_in_browser, "sessions",
                  get_list),
    api::form_row("/account/sessions", "End all sessions but this one", api::signed_in_browser, "sessions",
                  post_end_others),
    api::page_row("/account/sessions/{id}/end", "Leads to the list", api::signed_in_browser, "sessions",
                  get_end),
    api::form_row("/account/sessions/{id}/end", "End one session", api::signed_in_browser, "sessions",
                  post_end),
    api::page_row("/sign-out", "Asks whether to sign out", api::signed_in_browser, "logout", get_sign_out),
    api::form_row("/sign-out", "Sign out on this device", api::signed_in_browser, "logout", post_sign_out),
};

/// A list of one user's is no list of another's.
std::string name_of_list(const flow::sessions::Caller& caller) {
  return "sessions of " + to_string(caller.user.subject);
}

}  // namespace

std::string seal_position(const crypto::Keyring& ring, const flow::sessions::Caller& caller,
                          const ListPosition& position) {
  Bytes bytes;
  api::append_number(bytes, position.created_at.time_since_epoch().count());
  bytes.insert(bytes.end(), position.id.bytes.begin(), position.id.bytes.end());
  return api::seal_cursor(ring, name_of_list(caller), bytes);
}

Result<std::optional<ListPosition>> find_position(const crypto::Keyring& ring,
                                                  const flow::sessions::Caller& caller,
                                                  const api::PageQuery& query) {
  const auto sealed = api::find_position(ring, name_of_list(caller), query);
  if (sealed.has_error()) return sealed.error();
  if (!sealed->has_value()) return std::optional<ListPosition>();
  ListPosition position;
  position.created_at = Timestamp{Microseconds{api::number_at(**sealed, 0)}};
  std::copy_n((*sealed)->begin() + 8, position.id.bytes.size(), position.id.bytes.begin());
  return std::optional(position);
}

constinit const std::span<const web::PageFile> pages = page_list;
constinit const std::span<const api::Endpoint> browser_endpoints = page_rows;

}  // namespace latchkey::features::sessions
