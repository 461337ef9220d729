#include "api/schemas.h"

namespace latchkey::api {
namespace {

/// The members that every kind of user row has.
template <class Row>
UserResponse user_response_of(const Row& row, bool has_live_session) {
  return {.id = row.id.value,
          .username = row.username,
          .email = row.email,
          .avatar = row.avatar,
          .role = to_string(row.role),
          .confirmed = row.confirmed,
          .is_active = row.is_active,
          .status = has_live_session ? "active" : "inactive",
          .created_at = row.created_at,
          .updated_at = row.updated_at};
}

}  // namespace

UserResponse user_response(const store::users::User& user) {
  return user_response_of(user, user.has_live_session);
}

UserResponse user_response(const store::sessions::Bearer& user) { return user_response_of(user, true); }

TokenResponse token_response(flow::sessions::TokenPair tokens) {
  return {.access_token = std::move(tokens.access_token),
          .refresh_token = std::move(tokens.refresh_token),
          .token_type = "bearer",
          .expires_in = tokens.expires_in};
}

SessionResponse session_response(const store::sessions::Listed& session, const SessionId& current) {
  return {.id = to_string(session.id),
          .created_at = session.created_at,
          .last_used_at = session.rotated_at,
          .address = session.address,
          .user_agent = session.user_agent,
          .current = session.id == current};
}

}  // namespace latchkey::api
