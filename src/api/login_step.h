#pragma once

#include "api/access.h"
#include "api/api.h"
#include "api/decode.h"
#include "api/encode.h"
#include "api/token_response.h"
#include "http/respond.h"

/// What the handlers of a sign-in's steps have in common.
namespace latchkey::api {

/// The answer to a sign-in that is complete, or its refusal.
inline Result<http::Response> answer_tokens(Result<flow::sessions::TokenPair> tokens) {
  if (tokens.has_error()) return tokens.error();
  return http::json_response(200, to_json(token_response(std::move(*tokens))));
}

/// The handler of a step whose body is `login_token` and `code`.
template <Described Request, class LogIn>
Task<Result<http::Response>> take_code_step(const Api& api, http::Request& request, LogIn* log_in) {
  auto body = decode<Request>(request);
  if (body.has_error()) co_return body.error();
  flow::Origin origin = origin_of(request);
  auto tokens =
      co_await log_in(api.services, std::move(origin), std::move(body->login_token), std::move(body->code));
  co_return answer_tokens(std::move(tokens));
}

}  // namespace latchkey::api
