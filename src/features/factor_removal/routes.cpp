#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/encode.h"
#include "api/link_page.h"
#include "api/token_response.h"
#include "api/user_id.h"
#include "base/field_errors.h"
#include "features/factor_removal/by_administrator.h"
#include "features/factor_removal/feature.h"
#include "features/factor_removal/pages.h"
#include "features/factor_removal/removal.h"
#include "http/language.h"
#include "http/respond.h"

namespace latchkey::features::factor_removal {
namespace {

using enum ErrorCode;

struct LostRequest {
  std::string login_token;
};
constexpr auto describe(const LostRequest*) {
  return api::object("LostFactor", api::member("login_token", &LostRequest::login_token,
                                               {.meaning = "of a sign-in that has proved the password and a "
                                                           "mailed code"}));
}

struct LostResponse {
  std::string message;
  Timestamp due_at;
};
constexpr auto describe(const LostResponse*) {
  return api::object("FactorRemoval", api::member("message", &LostResponse::message),
                     api::member("due_at", &LostResponse::due_at,
                                 {.meaning = "when the factors are removed, unless somebody stops it"}));
}

Task<Result<http::Response>> post_lost(const api::Api& api, http::Request& request) {
  auto body = api::decode<LostRequest>(request);
  if (body.has_error()) co_return body.error();
  flow::Origin origin = api::origin_of(request);
  std::string language = http::preferred_language(request);
  const auto due = co_await ask_for_removal(api.services, std::move(origin), std::move(body->login_token),
                                            std::move(language));
  if (due.has_error()) co_return due.error();
  const LostResponse answer{.message = "The second factors will be removed", .due_at = *due};
  co_return http::json_response(200, api::to_json(answer));
}

Task<Result<http::Response>> delete_of_other(const api::Api& api, http::Request& request) {
  const auto user = api::read_user_id(request);
  if (user.has_error()) co_return user.error();
  const auto which = find_which(request.parameter("kind"));
  if (!which.has_value())
    co_return invalid_field("path", "kind", "enum", "Input should be 'totp', 'passkeys' or 'all'");
  const auto administrator = flow::sessions::asker_of(api::caller_of(request));
  flow::Origin origin = api::origin_of(request);
  const auto due = co_await ask_for_removal_of(api.services, std::move(origin), administrator, *user, *which);
  if (due.has_error()) co_return due.error();
  const LostResponse answer{.message = "The second factors will be removed", .due_at = *due};
  co_return http::json_response(200, api::to_json(answer));
}

Task<Result<TemplateValues>> look_at_stop(flow::Services& services, flow::Origin origin, std::string token) {
  const auto account = co_await look_at_stop_link(services, std::move(origin), std::move(token));
  if (account.has_error()) co_return account.error();
  co_return TemplateValues{{"username", account->username}};
}

Task<Result<>> stop_removal(flow::Services& services, flow::Origin origin, std::string token, std::string) {
  co_return co_await stop_by_link(services, std::move(origin), std::move(token));
}

constexpr api::LinkPage stop{
    .path = "/api/auth/keep_factors/{token}",
    .counter = "factor_removal",
    .ask = &stop_page,
    .done = &stopped_page,
    .hint = "Send a POST to this address to keep the second factors",
    .said = "The second factors stay",
    .look = look_at_stop,
    .act = stop_removal,
};

constexpr api::Endpoint rows[] = {
    {
        .method = http::Method::post,
        .path = "/api/auth/login/lost_factor",
        .tag = "auth",
        .summary = "Ask for the removal of lost second factors",
        .description =
            "For an owner who has neither a second factor nor a recovery code any more, after the password "
            "and "
            "a mailed code. "
            "The factors are removed after `accounts.factor_removal_delay`. Mails at once, half-way and "
            "afterwards tell the owner, and the first two stop it; so does any sign-in with a factor.",
        .rate = api::rates::sign_in,
        .body = api::takes<LostRequest>(),
        .answer = api::gives<LostResponse>(),
        .refusals = {malformed_json, validation_failed, invalid_login_token, forbidden, factor_not_found,
                     factor_removal_waiting, account_blocked},
        .errors = http::ErrorStyle::sign_in_step,
        .counter = "factor_removal",
        .handler = post_lost,
    },
    {
        .method = http::Method::delete_,
        .path = "/api/admin/users/{user_id}/factors/{kind}",
        .tag = "administration",
        .summary = "Remove second factors that the owner of another account has lost, after a delay",
        .description =
            "`kind` is `totp`, `passkeys` or `all`. The factors are removed after "
            "`admin.factor_removal_delay`, never at once. Mails at once, half-way and afterwards tell the "
            "owner, and the first two stop it; so does any sign-in with a factor. Make sure that the person "
            "who asks is the owner: an attacker who knows the password asks the same.",
        .access = api::administrators_recently,
        .answer = api::gives<LostResponse>(),
        .refusals = {invalid_token, recent_sign_in_required, forbidden, user_not_found, factor_not_found,
                     account_blocked, factor_removal_waiting, last_way_in, validation_failed},
        .counter = "admin",
        .handler = delete_of_other,
    },
    api::shows_link<stop>("Show what the link of the mail stops; changes nothing"),
    api::uses_link<stop>("Keep the second factors that are about to be removed"),
};

}  // namespace

constinit const std::span<const api::Endpoint> endpoints = rows;

}  // namespace latchkey::features::factor_removal
