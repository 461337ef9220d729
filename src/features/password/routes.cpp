#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/encode.h"
#include "api/feature.h"
#include "api/token_response.h"
#include "features/password/feature.h"
#include "features/password/give_password.h"
#include "features/password/log_in.h"
#include "features/password/pages.h"
#include "flow/accounts/notice.h"
#include "flow/signin/closed_mail.h"
#include "http/respond.h"

namespace latchkey::features::password {
namespace {

using enum ErrorCode;

/// The form of sign-in: `OAuth2PasswordRequestForm` of the Python service, RFC 6749 §4.3.2.
struct LoginForm {
  std::optional<std::string> grant_type;
  std::string username;
  Secret password;
  std::optional<std::string> scope;
  std::optional<std::string> client_id;
  std::optional<Secret> client_secret;
};
constexpr auto describe(const LoginForm*) {
  constexpr std::string_view ignored = "accepted and ignored";
  return api::object("LoginForm",
                     api::member("grant_type", &LoginForm::grant_type,
                                 {.meaning = "may be left out or empty", .constant = "password"}),
                     api::member("username", &LoginForm::username,
                                 {.meaning = "the e-mail address", .example = "user@example.com"}),
                     api::member("password", &LoginForm::password, {.example = "secure_password"}),
                     api::member("scope", &LoginForm::scope, {.meaning = ignored}),
                     api::member("client_id", &LoginForm::client_id, {.meaning = ignored}),
                     api::member("client_secret", &LoginForm::client_secret, {.meaning = ignored}));
}

struct PasswordStep {
  std::string login_token;
  Secret password;
};
constexpr auto describe(const PasswordStep*) {
  return api::object("PasswordStep",
                     api::member("login_token", &PasswordStep::login_token,
                                 {.meaning = "of the answer that asks for the password"}),
                     api::member("password", &PasswordStep::password, {.example = "secure_password"}));
}

Task<Result<http::Response>> post_step(const api::Api& api, http::Request& request) {
  auto body = api::decode<PasswordStep>(request);
  if (body.has_error()) co_return body.error();
  flow::Origin origin = api::origin_of(request);
  auto tokens = co_await give_password(api.services, std::move(origin), std::move(body->login_token),
                                       std::move(body->password));
  if (tokens.has_error()) co_return tokens.error();
  co_return http::json_response(200, api::to_json(api::token_response(std::move(*tokens))));
}

Task<Result<http::Response>> post_login(const api::Api& api, http::Request& request) {
  auto form = api::decode<LoginForm>(request);
  if (form.has_error()) co_return form.error();
  LoginInput input{.email = std::move(form->username), .password = std::move(form->password)};
  flow::Origin origin = api::origin_of(request);
  auto tokens = co_await log_in(api.services, std::move(origin), std::move(input));
  if (tokens.has_error()) co_return tokens.error();
  co_return http::json_response(200, api::to_json(api::token_response(std::move(*tokens))));
}

constexpr api::Endpoint endpoints[] = {
    {
        .method = http::Method::post,
        .path = "/api/auth/login",
        .tag = "auth",
        .summary = "Sign in with e-mail address and password",
        .description =
            "A form, as in the password grant of OAuth 2.0 (RFC 6749 §4.3). After several wrong passwords in "
            "a row, sign-in to the account is refused for a while; `Retry-After` says for how long. After a "
            "hundred it is refused until the owner sets a new password. Networks from which the account was "
            "used before are counted apart, each by itself.",
        .rate = api::rates::sign_in,
        .body = api::takes<LoginForm>(http::BodyKind::form),
        .answer = api::gives<api::TokenResponse>(),
        .refusals = {malformed_form, invalid_credentials, email_not_confirmed, account_blocked,
                     validation_failed, too_many_attempts, overloaded, second_factor_required,
                     factor_enrolment_required, new_password_required, account_deletion_scheduled},
        .errors = http::ErrorStyle::token_endpoint,
        .counter = "login",
        .handler = post_login,
    },
    {
        .method = http::Method::post,
        .path = "/api/auth/login/password",
        .tag = "auth",
        .summary = "Go on with a sign-in: the password",
        .description = "The step that a sign-in names in `methods` as `password`, after a passkey that has "
                       "verified nobody. Wrong passwords count as they do at `login`.",
        .rate = api::rates::sign_in,
        .body = api::takes<PasswordStep>(),
        .answer = api::gives<api::TokenResponse>(),
        .refusals = {malformed_json, validation_failed, invalid_login_token, invalid_credentials,
                     account_blocked, email_not_confirmed, second_factor_required, factor_enrolment_required,
                     new_password_required, account_deletion_scheduled, too_many_attempts, overloaded},
        .errors = http::ErrorStyle::sign_in_step,
        .counter = "login",
        .handler = post_step,
    },
};

constexpr mail::Message mails[] = {
    {
        .name = flow::signin::closed_message,
        .variables = flow::signin::closed_variables,
        .link = flow::accounts::not_me,
    },
};

}  // namespace

const api::Feature feature{.name = "password",
                           .endpoints = endpoints,
                           .browser_endpoints = browser_endpoints,
                           .mails = mails,
                           .pages = pages};

}  // namespace latchkey::features::password
