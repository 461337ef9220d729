#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api/described.h"
#include "flow/sessions/tokens.h"
#include "flow/signin/enrol_factor.h"

namespace latchkey::api {

/// What a client gets at sign-in and refresh (RFC 6749 §5.1).
struct TokenResponse {
  std::string access_token;
  std::string refresh_token;
  std::string token_type;
  std::int64_t expires_in = 0;
};
constexpr auto describe(const TokenResponse*) {
  return object("TokenSchema", member("access_token", &TokenResponse::access_token),
                member("refresh_token", &TokenResponse::refresh_token),
                member("token_type", &TokenResponse::token_type, {.constant = "bearer"}),
                member("expires_in", &TokenResponse::expires_in,
                       {.meaning = "seconds until the access token expires"}));
}

inline TokenResponse token_response(flow::sessions::TokenPair tokens) {
  return {.access_token = std::move(tokens.access_token),
          .refresh_token = std::move(tokens.refresh_token),
          .token_type = "bearer",
          .expires_in = tokens.expires_in};
}

/// The same for a sign-in that has added the account's first second factor.
struct EnrolledResponse {
  std::string access_token;
  std::string refresh_token;
  std::string token_type;
  std::int64_t expires_in = 0;
  std::vector<std::string> recovery_codes;
};
constexpr auto describe(const EnrolledResponse*) {
  return object("EnrolledSchema", member("access_token", &EnrolledResponse::access_token),
                member("refresh_token", &EnrolledResponse::refresh_token),
                member("token_type", &EnrolledResponse::token_type, {.constant = "bearer"}),
                member("expires_in", &EnrolledResponse::expires_in,
                       {.meaning = "seconds until the access token expires"}),
                member("recovery_codes", &EnrolledResponse::recovery_codes,
                       {.meaning = "ten, shown this once; each stands in for the factor once"}));
}

inline EnrolledResponse enrolled_response(flow::signin::Enrolled enrolled) {
  auto tokens = token_response(std::move(enrolled.tokens));
  return {.access_token = std::move(tokens.access_token),
          .refresh_token = std::move(tokens.refresh_token),
          .token_type = std::move(tokens.token_type),
          .expires_in = tokens.expires_in,
          .recovery_codes = std::move(enrolled.recovery_codes)};
}

/// A sentence and nothing else.
struct MessageResponse {
  std::string message;
};
constexpr auto describe(const MessageResponse*) {
  return object("Message", member("message", &MessageResponse::message));
}

}  // namespace latchkey::api
