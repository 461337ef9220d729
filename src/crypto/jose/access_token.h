#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/role.h"
#include "crypto/hmac.h"
#include "crypto/jose/es256.h"
#include "crypto/jose/key_set.h"

namespace latchkey::crypto::jose {

/// How far another node's clock may be ahead of ours: a token from further in the future is refused. `exp`
/// gets no such allowance, since the nodes that judge it also wrote it.
inline constexpr std::int64_t max_clock_skew_seconds = 60;

/// What an access token says (RFC 9068 §2.2), every member always present. The role is for other services to
/// read: routes of ours read it from the user's row.
struct AccessClaims {
  std::string iss;
  std::string aud;
  std::string client_id;
  Subject sub;
  SessionId sid;
  std::string jti;
  std::int64_t iat = 0;
  std::int64_t exp = 0;
  Role role = Role::user;
};

/// What a token must say to be meant for us.
struct ExpectedAudience {
  std::string_view iss;
  std::string_view aud;
  std::string_view client_id;
};

/// How the access tokens of a key begin: the header with `alg: ES256`, `typ: at+jwt` and `kid`, and its dot.
std::string access_token_start(std::string_view kid);

/// A compact JWS that begins with `start`.
std::string make_access_token(const AccessClaims& claims, std::string_view start, const SigningKey& key,
                              const HmacKey& nonces);

/// What an access token says of the session that it belongs to.
struct SessionClaims {
  Subject sub;
  SessionId sid;
  std::int64_t exp = 0;
  bool operator==(const SessionClaims&) const = default;
};

/// The quick way for a token that `make_access_token` has made with these (`start`, key, one of `nonces`):
/// for a fraction of the cost it answers what `verify_access_token` would. Nothing for every other token, for
/// which `verify_access_token` decides: one of an earlier version or of another's nonces may be good, too.
std::optional<SessionClaims> recognize_access_token(std::string_view token, std::string_view start,
                                                    const SigningKey& key,
                                                    std::span<const HmacKey* const> nonces,
                                                    const ExpectedAudience& expected, std::int64_t now);

/// The claims of a token that is ours, unchanged, and inside its time at `now` (seconds since 1970); nothing
/// otherwise. Strict in the sense of RFC 8725: the algorithm is the key's, `typ` is exact (§3.11), each claim
/// is there once with its own JSON type, `aud` is one string. Whether the session still lives is the caller's
/// next question.
std::optional<AccessClaims> verify_access_token(std::string_view token, const KeySet& keys,
                                                const ExpectedAudience& expected, std::int64_t now);

}  // namespace latchkey::crypto::jose
