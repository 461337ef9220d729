#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/id.h"
#include "base/time.h"
#include "crypto/keyring.h"

/// What an authenticator signs to show that it answers this server, and now. The server keeps nothing of a
/// challenge that it gave out, so an open sign-in page costs no row; only a ceremony that succeeds writes the
/// id of its challenge to `spent`, so that no node takes it again.
namespace latchkey::flow::signin {

inline constexpr Microseconds passkey_challenge_ttl = std::chrono::minutes(5);

/// What a challenge is good for; it is good for nothing else. Numbers stand in challenges that are out there.
enum class Ceremony : std::uint8_t {
  registration = 1,  ///< of one account
  sign_in = 2,       ///< of whoever has a passkey
  recent_proof = 3,  ///< of one account, whose owner has signed in before
};

/// 16 random bytes, 8 bytes of time, and 16 bytes of a MAC over both, the ceremony and the account.
using PasskeyChallenge = std::array<std::uint8_t, 40>;

/// `account` is zero for Ceremony::sign_in.
PasskeyChallenge make_passkey_challenge(const crypto::Keyring& ring, Ceremony ceremony,
                                        const Subject& account, Timestamp now);

/// What a challenge is spent by.
struct ChallengeId {
  LinkId id;
  Timestamp expires_at;
};

/// Nothing unless a node of ours made these bytes for the same ceremony and account, less than
/// `passkey_challenge_ttl` ago. Says nothing of whether the challenge is spent.
std::optional<ChallengeId> read_passkey_challenge(const crypto::Keyring& ring, Ceremony ceremony,
                                                  const Subject& account, ByteView challenge, Timestamp now);

/// The bytes of the challenge that a browser says it was given; nothing where the text is no client data, or
/// has another challenge than ours are.
std::optional<PasskeyChallenge> challenge_of_client_data(std::string_view client_data_json);

}  // namespace latchkey::flow::signin
