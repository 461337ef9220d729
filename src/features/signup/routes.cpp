#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/encode.h"
#include "api/feature.h"
#include "api/token_response.h"
#include "api/user_response.h"
#include "features/signup/feature.h"
#include "features/signup/pages.h"
#include "features/signup/sign_up.h"
#include "http/language.h"
#include "http/respond.h"

namespace latchkey::features::signup {
namespace {

using enum ErrorCode;

struct SignupRequest {
  std::string email;
  std::string username;
  Secret password;
  std::optional<std::string> invitation;
};
constexpr auto describe(const SignupRequest*) {
  return api::object(
      "UserSchema",
      api::member("email", &SignupRequest::email,
                  {.meaning = "Where the confirmation goes; what the user signs in with",
                   .format = "email",
                   .example = "user@example.com",
                   .shown_longest = 254}),
      api::member("username", &SignupRequest::username,
                  {.meaning = "A name that others may see",
                   .example = "new_user",
                   .shown_shortest = 3,
                   .shown_longest = 50}),
      api::member("password", &SignupRequest::password,
                  {.meaning = "not short and not easy to guess", .example = "secure_password"}),
      api::member("invitation", &SignupRequest::invitation,
                  {.meaning = "The token of an invitation, if `accounts.sign_up` is `invited`"}));
}

/// A user, and where confirmation is switched off the members of the tokens beside.
boost::json::object signed_up_schema() {
  auto schema = api::response_schema<api::UserResponse>().make();
  const auto tokens = api::response_schema<api::TokenResponse>().make();
  for (const auto& [name, member] : tokens.at("properties").as_object()) {
    schema["properties"].as_object()[name] = member;
  }
  return schema;
}

Task<Result<http::Response>> post_signup(const api::Api& api, http::Request& request) {
  auto body = api::decode<SignupRequest>(request);
  if (body.has_error()) co_return body.error();
  SignupInput input{.email = std::move(body->email),
                    .username = std::move(body->username),
                    .password = std::move(body->password),
                    .language = http::preferred_language(request),
                    .invitation = std::move(body->invitation).value_or("")};
  flow::Origin origin = api::origin_of(request);
  auto result = co_await sign_up(api.services, std::move(origin), std::move(input));
  if (result.has_error()) co_return result.error();
  std::string text = "{";
  api::append_members(text, api::user_response(result->user));
  if (result->tokens.has_value()) {
    text += ',';
    api::append_members(text, api::token_response(std::move(*result->tokens)));
  }
  text += '}';
  co_return http::json_response(201, std::move(text));
}

constexpr api::Endpoint rows[] = {
    {
        .method = http::Method::post,
        .path = "/api/auth/signup",
        .tag = "auth",
        .summary = "Create an account",
        .description = "Sends a mail with a link that confirms the address. Until somebody follows it, the "
                       "account cannot sign in. If the setting `accounts.confirmation` is off, no mail is "
                       "sent, and the answer has tokens. If `accounts.sign_up` is `invited`, only an "
                       "address with an invitation can sign up, once.",
        .rate = api::rates::sign_up,
        .body = api::takes<SignupRequest>(),
        .answer = {.status = 201, .schema = {"SignedUp", signed_up_schema}},
        .refusals = {malformed_json, account_exists, username_taken, sign_up_closed, invitation_required,
                     validation_failed, overloaded},
        .errors = http::ErrorStyle::field_list,
        .counter = "signup",
        .handler = post_signup,
    },
    {
        .method = http::Method::get,
        .path = "/sign-up/{token}",
        .tag = "auth",
        .summary = "The page that an invitation leads to; changes nothing",
        .rate = api::rates::links,
        .answer = api::gives_page(),
        .refusals = {invalid_link, sign_up_closed},
        .errors = http::ErrorStyle::page,
        .head = http::Head::allowed,
        .counter = "signup",
        .handler = get_invited,
    },
    {
        .method = http::Method::post,
        .path = "/sign-up/{token}",
        .tag = "auth",
        .summary = "Create an account from the page",
        .rate = api::rates::sign_up,
        .body = api::takes<InvitedForm>(http::BodyKind::form),
        .answer = api::gives_page(),
        .refusals = {malformed_form, invalid_link, account_exists, username_taken, sign_up_closed,
                     invitation_required, validation_failed, overloaded},
        .errors = http::ErrorStyle::page,
        .counter = "signup",
        .handler = post_invited,
    },
};

}  // namespace

constinit const std::span<const api::Endpoint> endpoints = rows;

}  // namespace latchkey::features::signup
