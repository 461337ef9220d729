#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/secret.h"
#include "base/time.h"
#include "crypto/keyring.h"

namespace latchkey::features::totp {

/// How long the owner may take to set up the app.
inline constexpr Microseconds enrolment_ttl = std::chrono::minutes(10);

/// An authenticator app that is being set up. The client keeps it, sealed; the server stores nothing of it,
/// so whoever gives up leaves the account as it was.
struct Enrolment {
  Secret secret;
  std::int64_t version = 0;  ///< users.security_version when it began: any change of the account voids it
  Timestamp begun_at;
};

/// The enrolment as a text that only this server can read, for one account.
std::string seal_enrolment(const crypto::Keyring& ring, const Subject& account, const Enrolment& enrolment);

/// Nothing where this server did not seal the text for this account, or longer ago than `enrolment_ttl`.
std::optional<Enrolment> open_enrolment(const crypto::Keyring& ring, const Subject& account,
                                        std::string_view text, Timestamp now);

}  // namespace latchkey::features::totp
