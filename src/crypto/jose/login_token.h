#pragma once

#include <cstdint>

#include "base/id.h"
#include "crypto/jose/own_token.h"

namespace latchkey::crypto::jose {

/// What a client holds of a sign-in that is under way. Good for the routes of its steps and for nothing else.
/// Seconds since 1970.
struct LoginClaims {
  LinkId jti;                ///< spent with the step that it is shown for
  Subject sub;               ///< the account
  std::int64_t version = 0;  ///< users.security_version when the first proof was given
  std::int64_t done = 0;     ///< what is proved: bits of flow/signin/next_step.h
  std::int64_t first = 0;    ///< when the first proof was given
  LinkId binding;            ///< of a browser: a hash of its form cookie; zero for any other client
  std::int64_t iat = 0;
  std::int64_t exp = 0;
  bool operator==(const LoginClaims&) const = default;
};
inline constexpr auto login_token_form = token_form(
    "lt+jwt", Claim{"jti", &LoginClaims::jti}, Claim{"sub", &LoginClaims::sub},
    Claim{"ver", &LoginClaims::version}, Claim{"dn", &LoginClaims::done}, Claim{"fst", &LoginClaims::first},
    Claim{"bnd", &LoginClaims::binding}, Claim{"iat", &LoginClaims::iat}, Claim{"exp", &LoginClaims::exp});

}  // namespace latchkey::crypto::jose
