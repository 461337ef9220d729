#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "base/time.h"
#include "flow/sessions/tokens.h"
#include "store/sessions.h"
#include "store/users.h"

/// The bodies of the HTTP API, once: decoding, encoding and the schemas of openapi.json are made from these
/// descriptions (json_codec.h, openapi.h). Members stand in the order in which they are written.
namespace latchkey::api {

struct SignupRequest {
  std::string email;
  std::string username;
  Secret password;
};
BOOST_DESCRIBE_STRUCT(SignupRequest, (), (email, username, password))

struct EmailRequest {
  std::string email;
};
BOOST_DESCRIBE_STRUCT(EmailRequest, (), (email))

struct AccessRequest {
  bool is_active = false;
};
BOOST_DESCRIBE_STRUCT(AccessRequest, (), (is_active))

/// The form of sign-in: `OAuth2PasswordRequestForm` of the Python service. Read by hand in auth.cpp;
/// described for the schema.
struct LoginForm {
  std::optional<std::string> grant_type;
  std::string username;
  Secret password;
  std::optional<std::string> scope;
  std::optional<std::string> client_id;
  std::optional<std::string> client_secret;
};
BOOST_DESCRIBE_STRUCT(LoginForm, (), (grant_type, username, password, scope, client_id, client_secret))

/// Borrows its texts from the row that it was made of.
struct UserResponse {
  std::int64_t id = 0;
  std::string_view username;
  std::string_view email;
  std::optional<std::string_view> avatar;
  std::string_view role;
  bool confirmed = false;
  bool is_active = false;
  std::string_view status;
  Timestamp created_at;
  Timestamp updated_at;
};
BOOST_DESCRIBE_STRUCT(UserResponse, (),
                      (id, username, email, avatar, role, confirmed, is_active, status, created_at,
                       updated_at))

struct TokenResponse {
  std::string access_token;
  std::string refresh_token;
  std::string token_type;
  std::int64_t expires_in = 0;
};
BOOST_DESCRIBE_STRUCT(TokenResponse, (), (access_token, refresh_token, token_type, expires_in))

struct MessageResponse {
  std::string message;
};
BOOST_DESCRIBE_STRUCT(MessageResponse, (), (message))

struct AccessResponse {
  std::string message;
  UserResponse user;
};
BOOST_DESCRIBE_STRUCT(AccessResponse, (), (message, user))

struct SessionResponse {
  std::string id;
  Timestamp created_at;
  Timestamp last_used_at;
  std::string address;
  std::string user_agent;
  bool current = false;
};
BOOST_DESCRIBE_STRUCT(SessionResponse, (), (id, created_at, last_used_at, address, user_agent, current))

UserResponse user_response(const store::users::User& user);
/// The caller of a live session: their status is active by that.
UserResponse user_response(const store::sessions::Bearer& user);
TokenResponse token_response(flow::sessions::TokenPair tokens);
SessionResponse session_response(const store::sessions::Listed& session, const SessionId& current);

}  // namespace latchkey::api
