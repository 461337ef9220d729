#pragma once

#include <cstdint>

#include "base/id.h"
#include "crypto/jose/own_token.h"

namespace latchkey::crypto::jose {

/// What the token of a confirmation link says. Seconds since 1970.
struct ConfirmationClaims {
  LinkId link;
  Subject sub;
  AddressFingerprint address;
  std::int64_t iat = 0;
  std::int64_t exp = 0;
  bool operator==(const ConfirmationClaims&) const = default;
};

/// The one link without `ver`: confirming an address is decided by whether it is confirmed, and links of
/// 0.1.0 stay good.
inline constexpr auto confirmation_token_form =
    token_form("ec+jwt", Claim{"jti", &ConfirmationClaims::link}, Claim{"sub", &ConfirmationClaims::sub},
               Claim{"adr", &ConfirmationClaims::address}, Claim{"iat", &ConfirmationClaims::iat},
               Claim{"exp", &ConfirmationClaims::exp});

inline std::string make_confirmation_token(const ConfirmationClaims& claims, const HmacKey& key) {
  return make_own_token(confirmation_token_form, claims, key);
}

/// Neither `exp` nor the account is judged here.
inline std::optional<ConfirmationClaims> verify_confirmation_token(std::string_view token,
                                                                   std::span<const HmacKey* const> keys) {
  return read_own_token(confirmation_token_form, token, keys);
}

}  // namespace latchkey::crypto::jose
