#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/id.h"
#include "crypto/hmac.h"

namespace latchkey::crypto::jose {

/// What a refresh token says; each token is one generation of one session. Seconds since 1970.
struct RefreshClaims {
  SessionId sid;
  std::int64_t generation = 0;
  std::int64_t iat = 0;  ///< the moment of the rotation that made this generation
  std::int64_t exp = 0;
  bool operator==(const RefreshClaims&) const = default;
};

/// A JWT, `alg: HS256`, `typ: rt+jwt`, with sid, gen, iat, exp in this order. The same claims and key give
/// the same token, byte for byte: that is how a lost answer can be given again with nothing stored.
std::string make_refresh_token(const RefreshClaims& claims, const HmacKey& key);

/// The claims of an authentic token, made with any of `keys` (the current one first). The tag is checked, in
/// constant time, before anything is parsed, and the token must be exactly what `make_refresh_token` writes.
/// `exp` is not judged here: the flow decides with the session's row and its own `now`.
std::optional<RefreshClaims> verify_refresh_token(std::string_view token,
                                                  std::span<const HmacKey* const> keys);

}  // namespace latchkey::crypto::jose
