#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/secret.h"

namespace latchkey::crypto {

/// Encrypts with AES-256-GCM (NIST SP 800-38D) under a 32-byte key: a random 12-byte nonce, the ciphertext,
/// the 16-byte tag. `associated_data` is not stored: the caller of `open` must name the same. Random nonces
/// allow 2^32 seals under one key, far more than the handful of signing keys that this is for.
Bytes seal(const Secret& key, std::span<const std::uint8_t> plaintext, std::string_view associated_data);

/// Nothing when the key, the associated data or any bit of `sealed` is wrong.
std::optional<Secret> open(const Secret& key, std::span<const std::uint8_t> sealed,
                           std::string_view associated_data);

}  // namespace latchkey::crypto
