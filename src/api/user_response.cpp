#include "api/user_response.h"

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
          .confirmed = row.is_proved,
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

}  // namespace latchkey::api
