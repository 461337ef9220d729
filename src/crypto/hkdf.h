#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/secret.h"

namespace latchkey::crypto {

/// HKDF with SHA-256 (RFC 5869), extract and expand. `length` is at most 8160.
Secret hkdf_sha256(std::span<const std::uint8_t> key_material, std::span<const std::uint8_t> salt,
                   std::span<const std::uint8_t> info, std::size_t length);

/// The 32-byte key for one purpose. `label` names the purpose (crypto/keyring.h lists them) and `epoch` is
/// moved by a restore; both stand in HKDF's info, so that keys of different purposes or epochs tell nothing
/// about each other.
Secret derive(const Secret& master, std::string_view label, std::int64_t epoch);

}  // namespace latchkey::crypto
