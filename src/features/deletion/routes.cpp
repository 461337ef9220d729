#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/encode.h"
#include "api/feature.h"
#include "api/token_response.h"
#include "features/deletion/feature.h"
#include "features/deletion/keep.h"
#include "features/deletion/pages.h"
#include "features/deletion/schedule.h"
#include "http/language.h"
#include "http/media_type.h"
#include "http/respond.h"
#include "web/pages.h"

namespace latchkey::features::deletion {
namespace {

using enum ErrorCode;

struct DeletionRequest {
  std::string email;
};
constexpr auto describe(const DeletionRequest*) {
  return api::object("DeleteAccount", api::member("email", &DeletionRequest::email,
                                                  {.meaning = "The address of the account, typed again",
                                                   .format = "email",
                                                   .example = "user@example.com",
                                                   .shown_longest = 254}));
}

struct DeletionResponse {
  std::string message;
  Timestamp due_at;
};
constexpr auto describe(const DeletionResponse*) {
  return api::object("DeletionScheduled", api::member("message", &DeletionResponse::message),
                     api::member("due_at", &DeletionResponse::due_at,
                                 {.meaning = "when the account is deleted, unless its owner keeps it"}));
}

struct KeepRequest {
  std::string login_token;
};
constexpr auto describe(const KeepRequest*) {
  return api::object("KeepAccount", api::member("login_token", &KeepRequest::login_token,
                                                {.meaning = "of the refusal `account_deletion_scheduled`"}));
}

Task<Result<http::Response>> delete_me(const api::Api& api, http::Request& request) {
  auto body = api::decode<DeletionRequest>(request);
  if (body.has_error()) co_return body.error();
  flow::Origin origin = api::origin_of(request);
  const UserId user = api::caller_of(request).user.id;
  const Timestamp now = request.now;
  const auto due = co_await schedule_deletion(api.services, std::move(origin), user, std::move(body->email),
                                              http::preferred_language(request));
  if (due.has_error()) co_return due.error();
  const DeletionResponse answer{
      .message = *due > now ? "The account will be deleted" : "The account has been deleted", .due_at = *due};
  co_return http::json_response(200, api::to_json(answer));
}

Task<Result<http::Response>> get_keep(const api::Api& api, http::Request& request) {
  const bool wants_page = http::prefers_html(request);
  flow::Origin origin = api::origin_of(request);
  std::string token(request.parameter("token"));
  const auto account = co_await look_at_keep_link(api.services, std::move(origin), std::move(token));
  if (account.has_error()) co_return account.error();
  if (wants_page) co_return api.pages.render(request, keep_page, {{"username", account->username}});
  co_return http::message_response(200, "Send a POST to this address to keep the account");
}

Task<Result<http::Response>> post_keep(const api::Api& api, http::Request& request) {
  const bool wants_page = http::prefers_html(request);
  flow::Origin origin = api::origin_of(request);
  std::string token(request.parameter("token"));
  const auto kept = co_await keep_by_link(api.services, std::move(origin), std::move(token),
                                          http::preferred_language(request));
  if (kept.has_error()) co_return kept.error();
  if (wants_page) co_return api.pages.render(request, kept_page);
  co_return http::message_response(200, "The account stays");
}

Task<Result<http::Response>> post_keep_step(const api::Api& api, http::Request& request) {
  auto body = api::decode<KeepRequest>(request);
  if (body.has_error()) co_return body.error();
  flow::Origin origin = api::origin_of(request);
  auto tokens = co_await keep_by_sign_in(api.services, std::move(origin), std::move(body->login_token),
                                         http::preferred_language(request));
  if (tokens.has_error()) co_return tokens.error();
  co_return http::json_response(200, api::to_json(api::token_response(std::move(*tokens))));
}

constexpr api::Endpoint rows[] = {
    {
        .method = http::Method::delete_,
        .path = "/api/users/me",
        .tag = "users",
        .summary = "Delete the caller's account",
        .description =
            "The account is deleted after `accounts.deletion_grace`. Until then its owner can keep "
            "it by the link of the mail, or by signing in. All sessions end at once.",
        .access = api::signed_in_recently,
        .body = api::takes<DeletionRequest>(),
        .answer = api::gives<DeletionResponse>(),
        .refusals = {malformed_json, validation_failed, invalid_token, recent_sign_in_required,
                     last_administrator, account_blocked},
        .counter = "deletion",
        .handler = delete_me,
    },
    {
        .method = http::Method::get,
        .path = "/api/auth/keep_account/{token}",
        .tag = "users",
        .summary = "Show what the link of the mail stops; changes nothing",
        .rate = api::rates::links,
        .answer = api::gives_page_or<api::MessageResponse>(),
        .refusals = {invalid_link},
        .errors = http::ErrorStyle::page_or_field_list,
        .head = http::Head::allowed,
        .counter = "deletion",
        .handler = get_keep,
    },
    {
        .method = http::Method::post,
        .path = "/api/auth/keep_account/{token}",
        .tag = "users",
        .summary = "Keep an account that is about to be deleted",
        .rate = api::rates::links,
        .answer = api::gives_page_or<api::MessageResponse>(),
        .refusals = {invalid_link},
        .errors = http::ErrorStyle::page_or_field_list,
        .counter = "deletion",
        .handler = post_keep,
    },
    {
        .method = http::Method::post,
        .path = "/api/auth/login/keep_account",
        .tag = "auth",
        .summary = "Keep an account that is about to be deleted, as the last step of a sign-in",
        .rate = api::rates::sign_in,
        .body = api::takes<KeepRequest>(),
        .answer = api::gives<api::TokenResponse>(),
        .refusals = {malformed_json, validation_failed, invalid_login_token, second_factor_required,
                     password_required, factor_enrolment_required, new_password_required, account_blocked},
        .errors = http::ErrorStyle::sign_in_step,
        .counter = "deletion",
        .handler = post_keep_step,
    },
};

}  // namespace

constinit const std::span<const api::Endpoint> endpoints = rows;

}  // namespace latchkey::features::deletion
