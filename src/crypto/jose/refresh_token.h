#pragma once

#include <cstdint>

#include "base/id.h"
#include "crypto/jose/own_token.h"

namespace latchkey::crypto::jose {

/// What a refresh token says; each token is one generation of one session. Seconds since 1970.
struct RefreshClaims {
  SessionId sid;
  std::int64_t generation = 0;
  std::int64_t iat = 0;  ///< the moment of the rotation that made this generation
  std::int64_t exp = 0;
  bool operator==(const RefreshClaims&) const = default;
};

/// That a state of a session has exactly one token is how a lost answer can be given again with nothing
/// stored. Tokens of this form are out there for as long as sessions live: it never changes.
inline constexpr auto refresh_token_form =
    token_form("rt+jwt", Claim{"sid", &RefreshClaims::sid}, Claim{"gen", &RefreshClaims::generation},
               Claim{"iat", &RefreshClaims::iat}, Claim{"exp", &RefreshClaims::exp});

inline std::string make_refresh_token(const RefreshClaims& claims, const HmacKey& key) {
  return make_own_token(refresh_token_form, claims, key);
}

/// `exp` is not judged here: the flow decides with the session's row and its own `now`.
inline std::optional<RefreshClaims> verify_refresh_token(std::string_view token,
                                                         std::span<const HmacKey* const> keys) {
  return read_own_token(refresh_token_form, token, keys);
}

}  // namespace latchkey::crypto::jose
