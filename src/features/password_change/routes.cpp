#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/encode.h"
#include "api/feature.h"
#include "api/login_step.h"
#include "features/password_change/change.h"
#include "features/password_change/choose.h"
#include "features/password_change/events.h"
#include "features/password_change/feature.h"
#include "features/password_change/mails.h"
#include "features/password_change/pages.h"
#include "flow/accounts/notice.h"
#include "http/language.h"
#include "http/respond.h"

namespace latchkey::features::password_change {
namespace {

using enum ErrorCode;

struct ChangeRequest {
  Secret password;
  std::optional<Secret> current_password;
  std::optional<bool> keep_sessions;
};
constexpr auto describe(const ChangeRequest*) {
  return api::object(
      "ChangePassword",
      api::member(
          "password", &ChangeRequest::password,
          {.meaning = "the new one: not short and not easy to guess", .example = "a much better password"}),
      api::member("current_password", &ChangeRequest::current_password,
                  {.meaning = "may be left out within ten minutes of a sign-in or of POST /api/auth/sudo"}),
      api::member("keep_sessions", &ChangeRequest::keep_sessions,
                  {.meaning = "true: the other sessions of the account go on; they end otherwise"}));
}

struct ChooseRequest {
  std::string login_token;
  Secret password;
};
constexpr auto describe(const ChooseRequest*) {
  return api::object("ChoosePassword",
                     api::member("login_token", &ChooseRequest::login_token,
                                 {.meaning = "of the refusal that asked for it"}),
                     api::member("password", &ChooseRequest::password,
                                 {.meaning = "another than before, not short and not easy to guess",
                                  .example = "a much better password"}));
}

Task<Result<http::Response>> put_password(const api::Api& api, http::Request& request) {
  auto body = api::decode<ChangeRequest>(request);
  if (body.has_error()) co_return body.error();
  flow::Origin origin = api::origin_of(request);
  flow::sessions::Caller caller = api::caller_of(request);
  Change change{.current = std::move(body->current_password),
                .password = std::move(body->password),
                .others = body->keep_sessions.value_or(false) ? OtherSessions::keep : OtherSessions::end,
                .language = http::preferred_language(request)};
  const auto done =
      co_await change_password(api.services, std::move(origin), std::move(caller), std::move(change));
  if (done.has_error()) co_return done.error();
  co_return http::message_response(200, "Password changed");
}

Task<Result<http::Response>> delete_password(const api::Api& api, http::Request& request) {
  flow::Origin origin = api::origin_of(request);
  flow::sessions::Caller caller = api::caller_of(request);
  std::string language = http::preferred_language(request);
  const auto done =
      co_await remove_password(api.services, std::move(origin), std::move(caller), std::move(language));
  if (done.has_error()) co_return done.error();
  co_return http::message_response(200, "Password removed");
}

Task<Result<http::Response>> post_new_password(const api::Api& api, http::Request& request) {
  auto body = api::decode<ChooseRequest>(request);
  if (body.has_error()) co_return body.error();
  flow::Origin origin = api::origin_of(request);
  auto tokens = co_await choose_password(api.services, std::move(origin), std::move(body->login_token),
                                         std::move(body->password), http::preferred_language(request));
  co_return api::answer_tokens(std::move(tokens));
}

constexpr api::Endpoint endpoints[] = {
    {
        .method = http::Method::put,
        .path = "/api/users/me/password",
        .tag = "users",
        .summary = "Change the password",
        .description =
            "Needs the current password, or a recent proof. The session of the caller goes on; the "
            "others end unless `keep_sessions` is true. The owner gets a mail.",
        .access = api::signed_in,
        .rate = api::rates::sign_in,
        .body = api::takes<ChangeRequest>(),
        .answer = api::gives<api::MessageResponse>(),
        .refusals = {malformed_json, invalid_token, invalid_credentials, recent_sign_in_required,
                     validation_failed, too_many_attempts, overloaded},
        .counter = "password_change",
        .handler = put_password,
    },
    {
        .method = http::Method::delete_,
        .path = "/api/users/me/password",
        .tag = "users",
        .summary = "Remove the password of an account that has a passkey",
        .access = api::signed_in_recently,
        .rate = api::rates::account_changes,
        .answer = api::gives<api::MessageResponse>(),
        .refusals = {invalid_token, recent_sign_in_required, last_way_in},
        .counter = "password_change",
        .handler = delete_password,
    },
    {
        .method = http::Method::post,
        .path = "/api/auth/login/new_password",
        .tag = "auth",
        .summary = "Go on with a sign-in that needs a new password",
        .rate = api::rates::sign_in,
        .body = api::takes<ChooseRequest>(),
        .answer = api::gives<api::TokenResponse>(),
        .refusals = {malformed_json, invalid_login_token, second_factor_required, password_required,
                     factor_enrolment_required, account_deletion_scheduled, email_not_confirmed,
                     account_blocked, validation_failed, overloaded},
        .errors = http::ErrorStyle::sign_in_step,
        .counter = "login",
        .handler = post_new_password,
    },
};

constexpr std::string_view replaced_variables[] = {"address", "device", "ended"};
constexpr mail::Message mails[] = {
    {
        .name = replaced_message,
        .variables = replaced_variables,
        .link = flow::accounts::not_me,
    },
    {
        .name = removed_message,
        .variables = flow::accounts::notice_variables,
        .link = flow::accounts::not_me,
    },
};

}  // namespace

const api::Feature feature{.name = "password_change",
                           .endpoints = endpoints,
                           .browser_endpoints = browser_endpoints,
                           .mails = mails,
                           .pages = pages,
                           .counters = events::counters};

}  // namespace latchkey::features::password_change
