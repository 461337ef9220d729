#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/described.h"
#include "base/time.h"
#include "store/sessions.h"
#include "store/users.h"

/// The answers that several features give.
namespace latchkey::api {

/// An account as clients see it. Borrows its texts from the row that it was made of.
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

inline constexpr std::array<std::string_view, 3> role_names{"user", "moderator", "admin"};
inline constexpr std::array<std::string_view, 2> status_names{"active", "inactive"};

constexpr auto describe(const UserResponse*) {
  return object(
      "UserResponse", member("id", &UserResponse::id, {.meaning = "Names the account to administrators"}),
      member("username", &UserResponse::username, {.shown_shortest = 3, .shown_longest = 50}),
      member("email", &UserResponse::email, {.format = "email", .shown_longest = 254}),
      member("avatar", &UserResponse::avatar, {.format = "uri"}),
      member("role", &UserResponse::role, {.one_of = role_names}),
      member("confirmed", &UserResponse::confirmed,
             {.meaning = "Whether somebody has proved to read the address"}),
      member("is_active", &UserResponse::is_active,
             {.meaning = "False: an administrator blocked the account"}),
      member("status", &UserResponse::status,
             {.meaning = "Active while the user has a live session", .one_of = status_names}),
      member("created_at", &UserResponse::created_at), member("updated_at", &UserResponse::updated_at));
}

UserResponse user_response(const store::users::User& user);
/// The caller of a live session: their status is active by that.
UserResponse user_response(const store::sessions::Bearer& user);

}  // namespace latchkey::api
