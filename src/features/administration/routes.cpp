#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/encode.h"
#include "api/feature.h"
#include "api/user_id.h"
#include "api/user_response.h"
#include "features/administration/block_user.h"
#include "features/administration/feature.h"
#include "http/respond.h"

namespace latchkey::features::administration {
namespace {

using enum ErrorCode;

struct AccessRequest {
  bool is_active = false;
};
constexpr auto describe(const AccessRequest*) {
  return api::object("UserAccess", api::member("is_active", &AccessRequest::is_active,
                                               {.meaning = "false blocks the account, true unblocks it"}));
}

/// The same in the query.
struct AccessQuery {
  std::optional<bool> is_active;
};
constexpr auto describe(const AccessQuery*) {
  return api::object("AccessQuery",
                     api::member("is_active", &AccessQuery::is_active,
                                 {.meaning = "instead of the body: true, false, 1, 0, yes, no, on, off"}));
}

struct AccessResponse {
  std::string message;
  api::UserResponse user;
};
constexpr auto describe(const AccessResponse*) {
  return api::object("UserAccessResponse", api::member("message", &AccessResponse::message),
                     api::member("user", &AccessResponse::user));
}

/// `is_active` from the query or from the JSON body, not from both.
Result<AccessRequest> read_access(const http::Request& request) {
  const auto query = http::parse_query(request);
  if (query.has_error()) return query.error();
  if (query->count("is_active") == 0) {
    if (request.body.empty()) return invalid_field("body", "is_active", "missing", "Field required");
    return api::decode_json<AccessRequest>(request.body);
  }
  if (!request.body.empty()) {
    const auto parsed = parse_json(request.body);
    if (parsed.has_error()) return parsed.error();
    const auto* object = parsed->if_object();
    if (object != nullptr && object->contains("is_active")) {
      return Error(repeated_parameter, "is_active is given both in the query and in the body");
    }
  }
  return api::decode_fields<AccessRequest>(*query, "query");
}

Task<Result<http::Response>> post_block_user(const api::Api& api, http::Request& request) {
  const auto id = api::read_user_id(request);
  if (id.has_error()) co_return id.error();
  const auto wanted = read_access(request);
  if (wanted.has_error()) co_return wanted.error();
  flow::Origin origin = api::origin_of(request);
  using flow::accounts::Access;
  const auto access = wanted->is_active ? Access::allowed : Access::blocked;
  const auto administrator = flow::sessions::asker_of(api::caller_of(request));
  const auto user = co_await block_user(api.services, std::move(origin), administrator, *id, access);
  if (user.has_error()) co_return user.error();
  const AccessResponse body{.message = "User status updated successfully", .user = api::user_response(*user)};
  co_return http::json_response(200, api::to_json(body));
}

constexpr api::Endpoint endpoints[] = {
    {
        .method = http::Method::post,
        .path = "/api/auth/block_user/{user_id}",
        .tag = "administration",
        .summary = "Block or unblock an account",
        .description =
            "Blocking ends all sessions of the account at once. The last administrator cannot be blocked.",
        .access = api::administrators,
        .body = api::takes<AccessRequest>(http::BodyKind::optional_json),
        .query = api::takes_query<AccessQuery>(),
        .answer = api::gives<AccessResponse>(),
        .refusals = {malformed_json, invalid_token, forbidden, user_not_found, last_administrator,
                     validation_failed},
        .errors = http::ErrorStyle::field_list,
        .counter = "admin",
        .handler = post_block_user,
    },
};

}  // namespace

const api::Feature feature{.name = "administration", .endpoints = endpoints};

}  // namespace latchkey::features::administration
