#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/encode.h"
#include "api/token_response.h"
#include "features/factor_removal/feature.h"
#include "features/factor_removal/pages.h"
#include "features/factor_removal/removal.h"
#include "http/language.h"
#include "http/media_type.h"
#include "http/respond.h"
#include "web/pages.h"

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

Task<Result<http::Response>> get_stop(const api::Api& api, http::Request& request) {
  const bool wants_page = http::prefers_html(request);
  flow::Origin origin = api::origin_of(request);
  std::string token(request.parameter("token"));
  const auto account = co_await look_at_stop_link(api.services, std::move(origin), std::move(token));
  if (account.has_error()) co_return account.error();
  if (wants_page) co_return api.pages.render(request, stop_page, {{"username", account->username}});
  co_return http::message_response(200, "Send a POST to this address to keep the second factors");
}

Task<Result<http::Response>> post_stop(const api::Api& api, http::Request& request) {
  const bool wants_page = http::prefers_html(request);
  flow::Origin origin = api::origin_of(request);
  std::string token(request.parameter("token"));
  const auto stopped = co_await stop_by_link(api.services, std::move(origin), std::move(token));
  if (stopped.has_error()) co_return stopped.error();
  if (wants_page) co_return api.pages.render(request, stopped_page);
  co_return http::message_response(200, "The second factors stay");
}

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
                     account_blocked},
        .errors = http::ErrorStyle::sign_in_step,
        .counter = "factor_removal",
        .handler = post_lost,
    },
    {
        .method = http::Method::get,
        .path = "/api/auth/keep_factors/{token}",
        .tag = "users",
        .summary = "Show what the link of the mail stops; changes nothing",
        .rate = api::rates::links,
        .answer = api::gives_page_or<api::MessageResponse>(),
        .refusals = {invalid_link},
        .errors = http::ErrorStyle::page_or_field_list,
        .head = http::Head::allowed,
        .counter = "factor_removal",
        .handler = get_stop,
    },
    {
        .method = http::Method::post,
        .path = "/api/auth/keep_factors/{token}",
        .tag = "users",
        .summary = "Keep the second factors that are about to be removed",
        .rate = api::rates::links,
        .answer = api::gives_page_or<api::MessageResponse>(),
        .refusals = {invalid_link},
        .errors = http::ErrorStyle::page_or_field_list,
        .counter = "factor_removal",
        .handler = post_stop,
    },
};

}  // namespace

constinit const std::span<const api::Endpoint> endpoints = rows;

}  // namespace latchkey::features::factor_removal
