#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "crypto/jose/access_token.h"
#include "crypto/sha256.h"

namespace latchkey::flow::sessions {

/// What an access token said when its signature was checked.
using VerifiedToken = crypto::jose::SessionClaims;

/// Remembers access tokens that were found good, so that a repeated one costs a hash and nothing else.
/// Whether the session lives is asked each time all the same. One per thread, of a fixed size: a token can
/// stand in any place of one set, and the one that expires first makes room. A new key snapshot empties it,
/// so that a revoked key takes its tokens along at once.
class VerifiedTokens {
 public:
  /// Nothing when the token is not remembered, or has expired.
  std::optional<VerifiedToken> find(const crypto::Sha256Digest& token, std::uint64_t key_version,
                                    std::int64_t now);
  void insert(const crypto::Sha256Digest& token, std::uint64_t key_version, const VerifiedToken& verified);

 private:
  struct Slot {
    crypto::Sha256Digest token{};
    VerifiedToken verified;
  };
  static constexpr std::size_t ways = 8;
  static constexpr std::size_t sets = 2048;
  std::span<Slot, ways> set_of(const crypto::Sha256Digest& token);
  void renew(std::uint64_t key_version);

  std::uint64_t key_version_ = 0;
  std::vector<Slot> slots_;  ///< taken at the first token
};

}  // namespace latchkey::flow::sessions
