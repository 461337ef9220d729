#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "crypto/keyring.h"
#include "http/message.h"

/// The cookies of pages. Each is for this host alone (http/cookie.h).
namespace latchkey::api {

inline constexpr std::string_view session_cookie = "__Host-latchkey";
inline constexpr std::string_view form_cookie = "__Host-latchkey-form";
inline constexpr std::string_view step_cookie = "__Host-latchkey-step";

/// The session that a browser holds: its id and a MAC, so that nobody can make one up and no guess reaches
/// the store.
std::string write_session_cookie(const crypto::Keyring& ring, const SessionId& session);
std::optional<SessionId> read_session_cookie(const crypto::Keyring& ring, const http::Request& request);

/// What a browser has that has not signed in: 16 random bytes, which its forms are bound to, and its
/// sign-ins.
std::string write_form_cookie(const LinkId& form);
std::optional<LinkId> read_form_cookie(const http::Request& request);

}  // namespace latchkey::api
