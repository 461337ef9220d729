#include "features/activity/routes.h"
#include "api/access.h"
#include "api/api.h"
#include "api/cursor.h"
#include "api/decode.h"
#include "api/encode.h"
#include "api/feature.h"
#include "features/activity/export.h"
#include "features/activity/feature.h"
#include "features/activity/own_activity.h"
#include "features/activity/pages.h"
#include "http/respond.h"

namespace latchkey::features::activity {
namespace {

using enum ErrorCode;

std::vector<ActivityResponse> activity_responses(const std::vector<store::audit::Told>& entries,
                                                 const Subject& account) {
  const std::string subject = to_string(account);
  std::vector<ActivityResponse> responses;
  responses.reserve(entries.size());
  for (const auto& entry : entries) {
    const bool is_theirs = word_for_actor(entry, subject) != "administrator";
    responses.push_back({.at = entry.at,
                         .event = entry.event,
                         .result = entry.result,
                         .by = word_for_actor(entry, subject),
                         .address = is_theirs ? entry.address : std::string(),
                         .detail = entry.detail});
  }
  return responses;
}

ExportResponse export_response(const Stored& stored, Timestamp now) {
  ExportResponse response{.format = "latchkey-account",
                          .version = 1,
                          .exported_at = now,
                          .subject = to_string(stored.user.subject),
                          .user = api::user_response(stored.user),
                          .language = stored.settled.language,
                          .last_sign_in_at = {},
                          .sessions = {},
                          .devices = {},
                          .authenticator_apps = {},
                          .passkeys = {},
                          .recovery_codes_left = stored.recovery_codes,
                          .scheduled = {},
                          .activity = activity_responses(stored.activity, stored.user.subject),
                          .activity_is_whole = stored.activity_is_whole};
  if (stored.settled.last_sign_in_at != Timestamp{})
    response.last_sign_in_at = stored.settled.last_sign_in_at;
  for (const auto& session : stored.sessions)
    response.sessions.push_back({.created_at = session.created_at,
                                 .last_used_at = session.rotated_at,
                                 .address = session.address,
                                 .user_agent = session.user_agent});
  for (const auto& device : stored.devices)
    response.devices.push_back({.first_seen_at = device.first_seen_at, .last_seen_at = device.last_seen_at});
  if (stored.totp.has_value())
    response.authenticator_apps.push_back(
        {.created_at = stored.totp->created_at, .last_used_at = stored.totp->last_used_at});
  for (const auto& passkey : stored.passkeys)
    response.passkeys.push_back({.name = passkey.name,
                                 .transports = passkey.transports,
                                 .is_backed_up = passkey.is_backed_up,
                                 .created_at = passkey.created_at,
                                 .last_used_at = passkey.last_used_at});
  for (const auto& plan : stored.scheduled)
    response.scheduled.push_back({.kind = plan.kind, .made_at = plan.made_at, .due_at = plan.due_at});
  return response;
}

std::string name_of_list(const Subject& account) { return "activity of " + to_string(account); }

Task<Result<http::Response>> get_activity(const api::Api& api, http::Request& request) {
  const auto query = api::decode_query<api::PageQuery>(request);
  if (query.has_error()) co_return query.error();
  const Subject account = api::caller_of(request).user.subject;
  const auto after = find_position(api.services, account, *query);
  if (after.has_error()) co_return after.error();
  const std::int64_t limit = query->limit.value_or(api::most_rows);
  const auto page = co_await list_activity(api.services, request.now, account, *after, limit);
  auto response = http::json_response(200, api::to_json(activity_responses(page.rows, account)));
  if (page.next.has_value())
    api::link_next_page(response, *query, seal_position(api.services, account, *page.next));
  co_return response;
}

}  // namespace

std::string seal_position(const flow::Services& services, const Subject& account, std::int64_t position) {
  Bytes bytes;
  api::append_number(bytes, position);
  const auto keys = services.keys.current();
  return api::seal_cursor(keys->ring(), name_of_list(account), bytes);
}

Result<std::optional<std::int64_t>> find_position(const flow::Services& services, const Subject& account,
                                                  const api::PageQuery& query) {
  const auto keys = services.keys.current();
  const auto position = api::find_position(keys->ring(), name_of_list(account), query);
  if (position.has_error()) return position.error();
  if (!position->has_value()) return std::optional<std::int64_t>();
  return std::optional(api::number_at(**position, 0));
}

Task<Result<http::Response>> get_export(const api::Api& api, http::Request& request) {
  flow::Origin origin = api::origin_of(request);
  const auto asker = flow::sessions::asker_of(api::caller_of(request));
  const auto stored = co_await gather(api.services, std::move(origin), asker);
  if (stored.has_error()) co_return stored.error();
  auto response = http::json_response(200, api::to_json(export_response(*stored, request.now)));
  response.headers.push_back({"Content-Disposition", "attachment; filename=\"account.json\""});
  co_return response;
}

namespace {

constexpr api::Endpoint endpoints[] = {
    {
        .method = http::Method::get,
        .path = "/api/users/me/activity",
        .tag = "users",
        .summary = "What happened to the caller's account in the last ninety days, the newest first",
        .access = api::signed_in,
        .rate = api::rates::account_changes,
        .query = api::takes_query<api::PageQuery>(),
        .answer = api::gives_list<ActivityResponse>("Activities"),
        .refusals = {invalid_token, validation_failed},
        .head = http::Head::allowed,
        .counter = "activity",
        .handler = get_activity,
    },
    {
        .method = http::Method::get,
        .path = "/api/users/me/export",
        .tag = "users",
        .summary = "Everything that is stored about the caller's account, but secrets",
        .access = api::signed_in_recently,
        .rate = api::rates::account_changes,
        .answer = api::gives<ExportResponse>(),
        .refusals = {invalid_token, recent_sign_in_required, user_not_found},
        .head = http::Head::allowed,
        .counter = "activity",
        .handler = get_export,
    },
};

}  // namespace

const api::Feature feature{
    .name = "activity", .endpoints = endpoints, .browser_endpoints = browser_endpoints, .pages = pages};

}  // namespace latchkey::features::activity
