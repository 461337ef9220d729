#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/id.h"
#include "crypto/hmac.h"

namespace latchkey::crypto::jose {

/// Ties a link to an address without showing it: the first 16 bytes of the SHA-256 of the address's key.
using AddressFingerprint = std::array<std::uint8_t, 16>;

/// `email_key` is the text of an EmailKey, the form in which addresses are compared.
AddressFingerprint address_fingerprint(std::string_view email_key);

/// What the token of a confirmation link says. Seconds since 1970.
struct ConfirmationClaims {
  LinkId link;
  Subject sub;
  AddressFingerprint address{};
  std::int64_t iat = 0;
  std::int64_t exp = 0;
  bool operator==(const ConfirmationClaims&) const = default;
};

/// A JWT, `alg: HS256`, `typ: ec+jwt`, with jti, sub, adr, iat, exp in this order, under a key that signs
/// nothing else. The same claims and key give the same token, so a mail that is sent again carries the same
/// link.
std::string make_confirmation_token(const ConfirmationClaims& claims, const HmacKey& key);

/// The claims of an authentic token, made with any of `keys` (the current one first), checked as refresh
/// tokens are. Neither `exp` nor the account is judged here.
std::optional<ConfirmationClaims> verify_confirmation_token(std::string_view token,
                                                            std::span<const HmacKey* const> keys);

}  // namespace latchkey::crypto::jose
