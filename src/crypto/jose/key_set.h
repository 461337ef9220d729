#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "crypto/jose/es256.h"

namespace latchkey::crypto::jose {

/// The name of a key: its JWK thumbprint (RFC 7638), 43 characters of base64url. A key therefore has one
/// name, and no two keys share one.
std::string key_id(const P256Point& point);

struct NamedVerifyKey {
  std::string kid;
  VerifyKey key;
};

/// The public keys that access tokens may be signed with. Immutable: the thread that rotates keys makes a new
/// set and swaps it in.
class KeySet {
 public:
  KeySet() = default;
  explicit KeySet(std::vector<NamedVerifyKey> keys) : keys_(std::move(keys)) {}

  /// The key called `kid`, or null. Lives as long as the set.
  const VerifyKey* find(std::string_view kid) const;

  /// The set as a JWK set (RFC 7517 §5), each key with kty, crv, x, y, use, alg and kid, and never a private
  /// member (T18).
  std::string jwks() const;

 private:
  std::vector<NamedVerifyKey> keys_;
};

}  // namespace latchkey::crypto::jose
