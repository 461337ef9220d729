#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/secret.h"
#include "crypto/hmac.h"
#include "crypto/jose/es256.h"

namespace latchkey::crypto {

/// The purposes that keys are derived for. A label is never given a second meaning.
namespace label {
inline constexpr std::string_view refresh_token = "refresh-token";
inline constexpr std::string_view confirmation_token = "confirmation-token";
inline constexpr std::string_view signing_key = "signing-key";
}  // namespace label

/// Every key that comes from the master secrets, derived once. Immutable, and shared by all threads without a
/// lock.
///
/// New tokens and wrappings use the current master; the previous ones verify and decrypt only. `epoch` is the
/// store's, moved by a restore: a keyring of another epoch recognises nothing of this one, neither tokens nor
/// wrapped signing keys.
class Keyring {
 public:
  /// Masters are at least 16 bytes (a shorter one is a bug: settings refuse it first).
  Keyring(const Secret& current, std::span<const Secret> previous, std::int64_t epoch);

  /// Makes refresh tokens.
  const HmacKey& refresh_key() const { return refresh_.keys.front(); }
  /// Verify refresh tokens, the current one first.
  std::span<const HmacKey* const> refresh_keys() const { return refresh_.pointers; }
  const HmacKey& confirmation_key() const { return confirmation_.keys.front(); }
  std::span<const HmacKey* const> confirmation_keys() const { return confirmation_.pointers; }

  /// A signing key for the database, encrypted under the current master and tied to its `kid`.
  Bytes wrap(const jose::SigningKey& key, std::string_view kid) const;

  struct Unwrapped {
    jose::SigningKey key;
    /// True when a previous master opened it: `latchkey keys rekey` wraps it again.
    bool under_previous_master = false;
  };
  /// Nothing when no master of ours wrapped it in this epoch, or under another `kid`.
  std::optional<Unwrapped> unwrap(std::span<const std::uint8_t> wrapped, std::string_view kid) const;

 private:
  struct HmacKeys {
    std::vector<HmacKey> keys;
    std::vector<const HmacKey*> pointers;
  };
  static HmacKeys derive_hmac_keys(std::span<const Secret* const> masters, std::string_view label,
                                   std::int64_t epoch);

  HmacKeys refresh_;
  HmacKeys confirmation_;
  std::vector<Secret> wrapping_;
};

}  // namespace latchkey::crypto
