#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "crypto/webauthn/cbor.h"

namespace latchkey::crypto::webauthn {

/// The algorithms of credentials that Latchkey takes, by their COSE numbers (RFC 9053, RFC 8812).
enum class CoseAlgorithm : std::int32_t {
  es256 = -7,    ///< ECDSA on P-256 with SHA-256
  eddsa = -8,    ///< Ed25519
  rs256 = -257,  ///< RSASSA-PKCS1-v1_5 with SHA-256 and a key of 2,048 to 4,096 bits
};
/// Those in the order in which a client is asked for them.
inline constexpr CoseAlgorithm cose_algorithms[] = {CoseAlgorithm::es256, CoseAlgorithm::eddsa,
                                                    CoseAlgorithm::rs256};

/// The algorithm of a number; nothing for one that Latchkey does not take.
std::optional<CoseAlgorithm> cose_algorithm(std::int64_t number);

/// Whether `signature` is one of `message`, made by the algorithm with that key. ECDSA signatures are in DER.
/// False also for a key of another kind. Any thread may call it.
bool verify_signature(CoseAlgorithm algorithm, EVP_PKEY* key, ByteView message, ByteView signature);

/// The public key of a credential (RFC 9052 §7, WebAuthn §5.8.5): the members that its kind must have, and no
/// other. It is made for one check and thrown away: that takes 60 µs.
class CoseKey {
 public:
  /// Nothing for a key that is malformed, of another algorithm, not on its curve, or of a size that is not
  /// taken.
  static std::optional<CoseKey> from(const Cbor& key);

  CoseKey(CoseKey&&) noexcept;
  CoseKey& operator=(CoseKey&&) noexcept;
  ~CoseKey();

  CoseAlgorithm algorithm() const { return algorithm_; }
  /// False for everything that is not a signature of `message` by the owner of the key.
  bool verify(ByteView message, ByteView signature) const;

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const;
  };
  using Key = std::unique_ptr<EVP_PKEY, Free>;

  CoseKey(CoseAlgorithm algorithm, Key key);
  static Key read_p256(const Cbor& key);
  static Key read_ed25519(const Cbor& key);
  static Key read_rsa(const Cbor& key);

  CoseAlgorithm algorithm_;
  Key key_;
};

}  // namespace latchkey::crypto::webauthn
