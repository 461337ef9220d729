#include "features/sessions/pages.h"

#include "api/access.h"
#include "api/api.h"
#include "api/browser_cookies.h"
#include "api/cursor.h"
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
  std::optional<store::sessions::ListPosition> after;
  if (query->after.has_value()) {
    after = open_position(keys->ring(), caller, *query->after);
    if (!after.has_value()) co_return api::invalid_cursor();
  }
  flow::Origin origin = api::origin_of(request);
  const Own own = own_from_page(request);
  const auto page = co_await list_own_sessions(api.services, std::move(origin), own, after, rows_of_page);
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
  co_await end_other_sessions(api.services, std::move(origin), own);
  co_return api::go_to(request, "account/sessions?note=sessions_ended");
}

Task<Result<http::Response>> post_end(const api::Api& api, http::Request& request) {
  const auto session = parse_id<SessionId>(request.parameter("id"));
  if (!session.has_value()) co_return Error(ErrorCode::session_not_found);
  flow::Origin origin = api::origin_of(request);
  const UserId user = api::caller_of(request).user.id;
  const auto ended = co_await end_own_session(api.services, std::move(origin), user, *session);
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

Bytes encode_position(const ListPosition& position) {
  Bytes bytes;
  const auto at = static_cast<std::uint64_t>(position.created_at.time_since_epoch().count());
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(at >> shift));
  bytes.insert(bytes.end(), position.id.bytes.begin(), position.id.bytes.end());
  return bytes;
}

/// Of bytes that `encode_position` made.
ListPosition decode_position(const Bytes& bytes) {
  ListPosition position;
  std::uint64_t at = 0;
  for (std::size_t i = 0; i < 8; ++i) at = at << 8 | bytes.at(i);
  position.created_at = Timestamp{Microseconds{static_cast<std::int64_t>(at)}};
  std::copy_n(bytes.begin() + 8, position.id.bytes.size(), position.id.bytes.begin());
  return position;
}

}  // namespace

std::string seal_position(const crypto::Keyring& ring, const flow::sessions::Caller& caller,
                          const ListPosition& position) {
  return api::seal_cursor(ring, name_of_list(caller), encode_position(position));
}

std::optional<ListPosition> open_position(const crypto::Keyring& ring, const flow::sessions::Caller& caller,
                                          std::string_view text) {
  const auto position = api::open_cursor(ring, name_of_list(caller), text);
  if (!position.has_value()) return std::nullopt;
  return decode_position(*position);
}

constinit const std::span<const web::PageFile> pages = page_list;
constinit const std::span<const api::Endpoint> browser_endpoints = page_rows;

}  // namespace latchkey::features::sessions
