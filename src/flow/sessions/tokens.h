#pragma once

#include <cstdint>
#include <string>

#include "base/id.h"
#include "base/role.h"
#include "base/time.h"
#include "flow/services.h"

namespace latchkey::flow::sessions {

/// What a client gets at sign-in and refresh: RFC 6749 §5.1. A browser gets no tokens: they are empty, and
/// its cookie is made of `session`.
struct TokenPair {
  std::string access_token;
  std::string refresh_token;
  std::int64_t expires_in = 0;  ///< seconds
  SessionId session{};
};

/// A session as it stands after a rotation: all that its tokens are made from.
struct SessionState {
  SessionId id;
  Subject subject;
  Role role = Role::user;
  std::int64_t generation = 0;
  Timestamp rotated_at;
  Timestamp idle_expires_at;
  Timestamp expires_at;
  bool is_browser = false;  ///< held by a cookie: nobody ever gets a token for it
};

/// An access token of `now`, and the one refresh token of this state; none for a browser.
TokenPair make_token_pair(const Services& services, const SessionState& state, Timestamp now);

}  // namespace latchkey::flow::sessions
