#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/secret.h"
#include "base/time.h"

/// Time-based one-time passwords (RFC 6238) in the one form that every authenticator app knows: SHA-1, six
/// digits, thirty seconds. Any thread may call these.
namespace latchkey::crypto {

/// Bytes of a secret (RFC 4226 §4, R6 recommends 160 bits).
inline constexpr std::size_t totp_secret_size = 20;

/// Which period of thirty seconds a moment is in; moments before 1970 are in the first.
std::int64_t totp_step(Timestamp now);

/// The code of a step, with its leading zeros.
std::string totp_code(const Secret& secret, std::int64_t step);

/// The step whose code this is: that of now, or of the period before or after (RFC 6238 §5.2), but only a
/// later one than `last_step`, so that no code is good twice. All are compared, in constant time. Blanks
/// and hyphens are left out, as people type them.
std::optional<std::int64_t> find_totp_step(const Secret& secret, std::string_view code, Timestamp now,
                                           std::int64_t last_step);

/// The secret as people type it into an app: base32 (RFC 4648 §6) without padding.
Secret totp_secret_text(const Secret& secret);

/// What a QR code holds: `otpauth://totp/ISSUER:ACCOUNT?secret=…&issuer=ISSUER`, percent-encoded. Texts are
/// UTF-8.
Secret totp_uri(const Secret& secret, std::string_view issuer, std::string_view account);

}  // namespace latchkey::crypto
