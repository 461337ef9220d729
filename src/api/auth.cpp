#include "api/auth.h"

#include <array>

#include "api/context.h"
#include "api/json_codec.h"
#include "api/schemas.h"
#include "flow/login.h"
#include "flow/logout.h"
#include "flow/refresh.h"
#include "flow/signup.h"
#include "http/bearer.h"
#include "http/form.h"
#include "http/respond.h"

namespace latchkey::api {
namespace {

constexpr std::array<std::string_view, 3> signup_members{"email", "username", "password"};
constexpr std::array<std::string_view, 6> login_fields{"grant_type", "username",  "password",
                                                       "scope",      "client_id", "client_secret"};

Result<flow::LoginInput> read_login_form(const http::Request& request) {
  if (const auto once = refuse_in_query(request, login_fields); once.has_error()) return once.error();
  const auto form = http::parse_form(request);
  if (form.has_error()) return form.error();
  if (form->has_repeats()) return Error(ErrorCode::repeated_parameter);
  FieldErrors errors;
  flow::LoginInput input;
  if (const auto username = form->single("username").value()) {
    input.email = std::string(*username);
  } else {
    errors.missing("username");
  }
  if (const auto password = form->single("password").value()) {
    input.password = Secret(*password);
  } else {
    errors.missing("password");
  }
  const auto grant_type = form->single("grant_type").value();
  // Swagger UI sends the field empty when nobody has chosen a value.
  if (!grant_type.value_or("").empty() && *grant_type != "password") {
    errors.add("grant_type", "string_pattern_mismatch", "Must be \"password\"");
  }
  if (!errors.empty()) return errors.take();
  return input;
}

}  // namespace

Task<Result<http::Response>> sign_up(flow::Services& services, http::Request& request) {
  if (const auto once = refuse_in_query(request, signup_members); once.has_error()) co_return once.error();
  auto body = decode_json<SignupRequest>(request.body);
  if (body.has_error()) co_return body.error();
  flow::SignupInput input{.email = std::move(body->email),
                          .username = std::move(body->username),
                          .password = std::move(body->password)};
  flow::Origin origin = origin_of(request);
  auto result = co_await flow::sign_up(services, std::move(origin), std::move(input));
  if (result.has_error()) co_return result.error();
  std::string text = "{";
  append_members(text, user_response(result->user));
  if (result->tokens.has_value()) {
    text += ',';
    append_members(text, token_response(std::move(*result->tokens)));
  }
  text += '}';
  co_return http::json_response(201, std::move(text));
}

Task<Result<http::Response>> log_in(flow::Services& services, http::Request& request) {
  auto input = read_login_form(request);
  if (input.has_error()) co_return input.error();
  flow::Origin origin = origin_of(request);
  auto tokens = co_await flow::log_in(services, std::move(origin), std::move(*input));
  if (tokens.has_error()) co_return tokens.error();
  co_return http::json_response(200, to_json(token_response(std::move(*tokens))));
}

Task<Result<http::Response>> refresh_token(flow::Services& services, http::Request& request) {
  const auto token = http::bearer_token(request);
  if (!token.has_value()) co_return Error(ErrorCode::invalid_token);
  flow::Origin origin = origin_of(request);
  std::string text(*token);
  auto tokens = co_await flow::refresh(services, std::move(origin), std::move(text));
  if (tokens.has_error()) co_return tokens.error();
  co_return http::json_response(200, to_json(token_response(std::move(*tokens))));
}

Task<Result<http::Response>> log_out(flow::Services& services, http::Request& request) {
  const auto token = http::bearer_token(request);
  if (!token.has_value()) co_return Error(ErrorCode::invalid_token);
  flow::Origin origin = origin_of(request);
  std::string text(*token);
  const auto ended = co_await flow::log_out(services, std::move(origin), std::move(text));
  if (ended.has_error()) co_return ended.error();
  co_return http::message_response(200, "Logged out successfully");
}

}  // namespace latchkey::api
