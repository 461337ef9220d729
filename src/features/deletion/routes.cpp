#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/encode.h"
#include "api/feature.h"
#include "api/link_page.h"
#include "api/login_step.h"
#include "features/deletion/feature.h"
#include "features/deletion/keep.h"
#include "features/deletion/pages.h"
#include "features/deletion/schedule.h"
#include "http/language.h"
#include "http/respond.h"

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
  const auto asker = flow::sessions::asker_of(api::caller_of(request));
  const Timestamp now = request.now;
  const auto due = co_await schedule_deletion(api.services, std::move(origin), asker, std::move(body->email),
                                              http::preferred_language(request));
  if (due.has_error()) co_return due.error();
  const DeletionResponse answer{
      .message = *due > now ? "The account will be deleted" : "The account has been deleted", .due_at = *due};
  co_return http::json_response(200, api::to_json(answer));
}

Task<Result<TemplateValues>> look_at_keep(flow::Services& services, flow::Origin origin, std::string token) {
  const auto account = co_await look_at_keep_link(services, std::move(origin), std::move(token));
  if (account.has_error()) co_return account.error();
  co_return TemplateValues{{"username", account->username}};
}

constexpr api::LinkPage keep{
    .path = "/api/auth/keep_account/{token}",
    .counter = "deletion",
    .ask = &keep_page,
    .done = &kept_page,
    .hint = "Send a POST to this address to keep the account",
    .said = "The account stays",
    .look = look_at_keep,
    .act = keep_by_link,
};

Task<Result<http::Response>> post_keep_step(const api::Api& api, http::Request& request) {
  auto body = api::decode<KeepRequest>(request);
  if (body.has_error()) co_return body.error();
  flow::Origin origin = api::origin_of(request);
  auto tokens = co_await keep_by_sign_in(api.services, std::move(origin), std::move(body->login_token),
                                         http::preferred_language(request));
  co_return api::answer_tokens(std::move(tokens));
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
        .rate = api::rates::account_changes,
        .body = api::takes<DeletionRequest>(),
        .answer = api::gives<DeletionResponse>(),
        .refusals = {malformed_json, validation_failed, invalid_token, recent_sign_in_required,
                     last_administrator},
        .counter = "deletion",
        .handler = delete_me,
    },
    api::shows_link<keep>("Show what the link of the mail stops; changes nothing"),
    api::uses_link<keep>("Keep an account that is about to be deleted"),
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
