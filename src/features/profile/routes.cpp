#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/encode.h"
#include "api/feature.h"
#include "api/user_response.h"
#include "features/profile/change.h"
#include "features/profile/feature.h"
#include "features/profile/pages.h"
#include "http/respond.h"

namespace latchkey::features::profile {
namespace {

Task<Result<http::Response>> get_me(const api::Api&, http::Request& request) {
  co_return http::json_response(200, api::to_json(api::user_response(api::caller_of(request).user)));
}

struct ProfileRequest {
  std::optional<std::string> username;
  std::optional<std::string> language;
};
constexpr auto describe(const ProfileRequest*) {
  return api::object(
      "ChangeProfile",
      api::member("username", &ProfileRequest::username,
                  {.example = "new_user", .shown_shortest = 3, .shown_longest = 50}),
      api::member("language", &ProfileRequest::language,
                  {.meaning = "a tag for the mails of the account; empty: as each request asks for",
                   .example = "en",
                   .shown_longest = 35}));
}

Task<Result<http::Response>> patch_me(const api::Api& api, http::Request& request) {
  auto body = api::decode<ProfileRequest>(request);
  if (body.has_error()) co_return body.error();
  flow::Origin origin = api::origin_of(request);
  const auto asker = flow::sessions::asker_of(api::caller_of(request));
  Change change{.username = std::move(body->username), .language = std::move(body->language)};
  const auto user = co_await change_profile(api.services, std::move(origin), asker, std::move(change));
  if (user.has_error()) co_return user.error();
  co_return http::json_response(200, api::to_json(api::user_response(*user)));
}

constexpr api::Endpoint endpoints[] = {
    {
        .method = http::Method::get,
        .path = "/api/users/me",
        .tag = "users",
        .summary = "The signed-in user",
        .description =
            "The store is asked each time, so the end of the session, or a block, takes effect at once.",
        .access = api::signed_in,
        .answer = api::gives<api::UserResponse>(),
        .refusals = {ErrorCode::invalid_token},
        .errors = http::ErrorStyle::field_list,
        .head = http::Head::allowed,
        .counter = "me",
        .handler = get_me,
    },
    {
        .method = http::Method::patch,
        .path = "/api/users/me",
        .tag = "users",
        .summary = "Change the user name, or the language of mails",
        .description = "What is left out stays as it is.",
        .access = api::signed_in,
        .rate = api::rates::links,
        .body = api::takes<ProfileRequest>(),
        .answer = api::gives<api::UserResponse>(),
        .refusals = {ErrorCode::malformed_json, ErrorCode::invalid_token, ErrorCode::username_taken,
                     ErrorCode::validation_failed},
        .counter = "profile",
        .handler = patch_me,
    },
};

}  // namespace

const api::Feature feature{
    .name = "profile", .endpoints = endpoints, .browser_endpoints = browser_endpoints, .pages = pages};

}  // namespace latchkey::features::profile
