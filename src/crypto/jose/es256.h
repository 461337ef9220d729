#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/secret.h"
#include "crypto/hmac.h"

namespace latchkey::crypto::jose {

/// ECDSA on P-256 with SHA-256, the `ES256` of RFC 7518 §3.4. Both keys are immutable once made, and any
/// number of threads may use one at the same time without a lock: each thread keeps prepared contexts of the
/// keys that it used last.

/// r and s, 32 big-endian bytes each: the form that JWS uses, not DER.
using Es256Signature = std::array<std::uint8_t, 64>;

struct P256Point {
  std::array<std::uint8_t, 32> x{};
  std::array<std::uint8_t, 32> y{};
  bool operator==(const P256Point&) const = default;
};

class VerifyKey {
 public:
  /// Nothing when the point is not on the curve.
  static std::optional<VerifyKey> from_point(const P256Point& point);
  /// From `04 ‖ x ‖ y` (SEC 1 §2.3.3); nothing for any other form.
  static std::optional<VerifyKey> from_uncompressed(std::span<const std::uint8_t> bytes);

  VerifyKey(VerifyKey&&) noexcept;
  VerifyKey& operator=(VerifyKey&&) noexcept;
  ~VerifyKey();

  /// Only 64 bytes whose r and s both lie in [1, n-1] can be right.
  bool verify(std::span<const std::uint8_t> message, std::span<const std::uint8_t> signature) const;

  /// The members `x` and `y` of the public JWK.
  const P256Point& point() const;
  std::array<std::uint8_t, 65> to_uncompressed() const;

 private:
  struct State;
  explicit VerifyKey(std::unique_ptr<const State> state);
  std::unique_ptr<const State> state_;
};

class SigningKey {
 public:
  static SigningKey generate();
  /// From PKCS#8 DER (RFC 5208); nothing when it is not a whole, consistent P-256 key.
  static std::optional<SigningKey> from_pkcs8(const Secret& der);

  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) noexcept;
  ~SigningKey();

  Secret to_pkcs8() const;
  /// The signature whose nonce follows from the message and `nonces` (as in RFC 6979, with a key of its own),
  /// so that `made` knows it again. A nonce gives the key away: `nonces` is as secret as this key,
  /// and serves nothing else. The same message, key and nonces always give the same signature.
  Es256Signature sign(std::span<const std::uint8_t> message, const HmacKey& nonces) const;
  /// Whether `sign` answers this signature for this message and `nonces`. Costs a hundredth of a
  /// verification: with key and nonce known, it computes with numbers and no points (docs/adr/0013).
  /// Without the nonces that a signature was made with, this says no, and `VerifyKey` decides.
  bool made(std::span<const std::uint8_t> message, std::span<const std::uint8_t> signature,
            const HmacKey& nonces) const;
  const P256Point& point() const;
  VerifyKey verify_key() const;

 private:
  struct State;
  explicit SigningKey(std::unique_ptr<const State> state);
  std::unique_ptr<const State> state_;
};

}  // namespace latchkey::crypto::jose
