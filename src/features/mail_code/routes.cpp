#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/encode.h"
#include "api/feature.h"
#include "api/login_step.h"
#include "features/mail_code/ask.h"
#include "features/mail_code/feature.h"
#include "features/mail_code/sign_in.h"
#include "http/language.h"
#include "http/respond.h"

namespace latchkey::features::mail_code {
namespace {

using enum ErrorCode;

struct CodeRequest {
  std::string email;
};
constexpr auto describe(const CodeRequest*) {
  return api::object("SignInCodeRequest", api::member("email", &CodeRequest::email,
                                                      {.meaning = "The address of the account",
                                                       .format = "email",
                                                       .example = "user@example.com",
                                                       .shown_longest = 254}));
}

struct CodeAsked {
  std::string message;
  std::string handle;
};
constexpr auto describe(const CodeAsked*) {
  return api::object("SignInCodeAsked", api::member("message", &CodeAsked::message),
                     api::member("handle", &CodeAsked::handle,
                                 {.meaning = "goes with the code of the mail; keep it until then"}));
}

struct CodeSignIn {
  std::optional<std::string> login_token;
  std::string handle;
  std::string code;
};
constexpr auto describe(const CodeSignIn*) {
  return api::object(
      "SignInWithCode",
      api::member("login_token", &CodeSignIn::login_token,
                  {.meaning = "of the refusal that asks for this step, where the code is not the first"}),
      api::member("handle", &CodeSignIn::handle, {.meaning = "of the request for the mail"}),
      api::member("code", &CodeSignIn::code, {.meaning = "of the mail", .example = "12345678"}));
}

Task<Result<http::Response>> post_request(const api::Api& api, http::Request& request) {
  auto body = api::decode<CodeRequest>(request);
  if (body.has_error()) co_return body.error();
  flow::Origin origin = api::origin_of(request);
  std::string language = http::preferred_language(request);
  auto handle =
      co_await ask_for_code(api.services, std::move(origin), std::move(body->email), std::move(language));
  if (handle.has_error()) co_return handle.error();
  const CodeAsked answer{.message = "If an account has this address, a mail is on its way.",
                         .handle = std::move(*handle)};
  co_return http::json_response(200, api::to_json(answer));
}

Task<Result<http::Response>> post_code(const api::Api& api, http::Request& request) {
  auto body = api::decode<CodeSignIn>(request);
  if (body.has_error()) co_return body.error();
  flow::Origin origin = api::origin_of(request);
  CodeInput input{.login_token = std::move(body->login_token),
                  .handle = std::move(body->handle),
                  .code = std::move(body->code)};
  auto tokens = co_await sign_in_with_code(api.services, std::move(origin), std::move(input));
  co_return api::answer_tokens(std::move(tokens));
}

constexpr api::Endpoint rows[] = {
    {
        .method = http::Method::post,
        .path = "/api/auth/login/code/request",
        .tag = "auth",
        .summary = "Ask for a mail with a code for signing in",
        .description = "Every address gets the same answer, and only one that has an account gets a mail.",
        .rate = api::rates::mail_requests,
        .body = api::takes<CodeRequest>(),
        .answer = api::gives<CodeAsked>(),
        .refusals = {malformed_json, validation_failed, forbidden},
        .counter = "login_code",
        .handler = post_request,
    },
    {
        .method = http::Method::post,
        .path = "/api/auth/login/code",
        .tag = "auth",
        .summary = "Sign in with the code of a mail",
        .description = "As the first step of a sign-in, or with its `login_token` as a further one. A code "
                       "is no second factor. It works once, and five wrong tries end it.",
        .rate = api::rates::sign_in,
        .body = api::takes<CodeSignIn>(),
        .answer = api::gives<api::TokenResponse>(),
        .refusals = {malformed_json, validation_failed, invalid_code, invalid_login_token,
                     second_factor_required, factor_enrolment_required, new_password_required,
                     account_deletion_scheduled, account_blocked, forbidden},
        .errors = http::ErrorStyle::sign_in_step,
        .counter = "login_code",
        .handler = post_code,
    },
};

}  // namespace

constinit const std::span<const api::Endpoint> endpoints = rows;

}  // namespace latchkey::features::mail_code
