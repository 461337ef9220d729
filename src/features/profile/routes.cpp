#include "api/access.h"
#include "api/api.h"
#include "api/encode.h"
#include "api/feature.h"
#include "api/user_response.h"
#include "features/profile/feature.h"
#include "http/respond.h"

namespace latchkey::features::profile {
namespace {

Task<Result<http::Response>> get_me(const api::Api&, http::Request& request) {
  co_return http::json_response(200, api::to_json(api::user_response(api::caller_of(request).user)));
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
};

}  // namespace

const api::Feature feature{.name = "profile", .endpoints = endpoints};

}  // namespace latchkey::features::profile
