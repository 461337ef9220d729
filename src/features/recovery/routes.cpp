#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/encode.h"
#include "api/feature.h"
#include "api/token_response.h"
#include "features/recovery/ask.h"
#include "features/recovery/feature.h"
#include "features/recovery/pages.h"
#include "features/recovery/reset.h"
#include "http/language.h"
#include "http/respond.h"

namespace latchkey::features::recovery {
namespace {

using enum ErrorCode;

struct ForgottenRequest {
  std::string email;
};
constexpr auto describe(const ForgottenRequest*) {
  return api::object("ForgottenPassword", api::member("email", &ForgottenRequest::email,
                                                      {.meaning = "The address of the account",
                                                       .format = "email",
                                                       .example = "user@example.com",
                                                       .shown_longest = 254}));
}

struct ForgottenResponse {
  std::string message;
  std::string handle;
};
constexpr auto describe(const ForgottenResponse*) {
  return api::object("ResetAsked", api::member("message", &ForgottenResponse::message),
                     api::member("handle", &ForgottenResponse::handle,
                                 {.meaning = "goes with the code of the mail; keep it until then"}));
}

struct ResetRequest {
  std::optional<std::string> token;
  std::optional<std::string> handle;
  std::optional<std::string> code;
  Secret password;
};
constexpr auto describe(const ResetRequest*) {
  return api::object(
      "ResetPassword",
      api::member("token", &ResetRequest::token, {.meaning = "what follows /password/new/ in the link"}),
      api::member("handle", &ResetRequest::handle, {.meaning = "in place of the token, with the code"}),
      api::member("code", &ResetRequest::code, {.meaning = "of the mail", .example = "12345678"}),
      api::member("password", &ResetRequest::password,
                  {.meaning = "not short and not easy to guess", .example = "a much better password"}));
}

/// Link or code, not both and not neither.
Result<Means> read_means(ResetRequest& body) {
  if (body.token.has_value()) {
    if (body.handle.has_value() || body.code.has_value())
      return invalid_field("body", "token", "value_error", "Send the token, or handle and code, not both");
    return Means{ByLink{std::move(*body.token)}};
  }
  if (!body.handle.has_value() && !body.code.has_value())
    return invalid_field("body", "token", "missing", "Send the token of the link, or handle and code");
  FieldErrors errors;
  if (!body.handle.has_value()) errors.missing("handle");
  if (!body.code.has_value()) errors.missing("code");
  if (!errors.empty()) return errors.take();
  return Means{ByCode{.handle = std::move(*body.handle), .code = std::move(*body.code)}};
}

Task<Result<http::Response>> post_forgotten(const api::Api& api, http::Request& request) {
  auto body = api::decode<ForgottenRequest>(request);
  if (body.has_error()) co_return body.error();
  flow::Origin origin = api::origin_of(request);
  std::string language = http::preferred_language(request);
  auto handle =
      co_await ask_for_reset(api.services, std::move(origin), std::move(body->email), std::move(language));
  if (handle.has_error()) co_return handle.error();
  const ForgottenResponse answer{.message = "If an account has this address, a mail is on its way.",
                                 .handle = std::move(*handle)};
  co_return http::json_response(200, api::to_json(answer));
}

Task<Result<http::Response>> post_reset(const api::Api& api, http::Request& request) {
  auto body = api::decode<ResetRequest>(request);
  if (body.has_error()) co_return body.error();
  auto means = read_means(*body);
  if (means.has_error()) co_return means.error();
  flow::Origin origin = api::origin_of(request);
  const auto reset = co_await reset_password(api.services, std::move(origin), std::move(*means),
                                             std::move(body->password), http::preferred_language(request));
  if (reset.has_error()) co_return reset.error();
  co_return http::message_response(200, "Password changed");
}

constexpr api::Endpoint rows[] = {
    {
        .method = http::Method::post,
        .path = "/api/auth/password/forgotten",
        .tag = "recovery",
        .summary = "Ask for a mail that sets a new password",
        .rate = api::rates::mail_requests,
        .body = api::takes<ForgottenRequest>(),
        .answer = api::gives<ForgottenResponse>(),
        .refusals = {malformed_json, validation_failed},
        .counter = "recovery",
        .handler = post_forgotten,
    },
    {
        .method = http::Method::post,
        .path = "/api/auth/password/reset",
        .tag = "recovery",
        .summary = "Set a new password with the link or the code of a mail",
        .rate = api::rates::links,
        .body = api::takes<ResetRequest>(),
        .answer = api::gives<api::MessageResponse>(),
        .refusals = {malformed_json, invalid_link, validation_failed, overloaded},
        .counter = "recovery",
        .handler = post_reset,
    },
    {
        .method = http::Method::get,
        .path = "/password/new/{token}",
        .tag = "recovery",
        .summary = "The page that the link of the mail leads to; changes nothing",
        .rate = api::rates::links,
        .answer = api::gives_page(),
        .refusals = {invalid_link},
        .errors = http::ErrorStyle::page,
        .head = http::Head::allowed,
        .counter = "recovery",
        .handler = get_new_password,
    },
    {
        .method = http::Method::post,
        .path = "/password/new/{token}",
        .tag = "recovery",
        .summary = "Set a new password from the page",
        .rate = api::rates::links,
        .body = api::takes<NewPasswordForm>(http::BodyKind::form),
        .answer = api::gives_page(),
        .refusals = {malformed_form, invalid_link, validation_failed, overloaded},
        .errors = http::ErrorStyle::page,
        .counter = "recovery",
        .handler = post_new_password,
    },
};

}  // namespace

constinit const std::span<const api::Endpoint> endpoints = rows;

}  // namespace latchkey::features::recovery
