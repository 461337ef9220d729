#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace latchkey::crypto {

using Sha256Digest = std::array<std::uint8_t, 32>;

/// SHA-256 (FIPS 180-4). Takes no memory; any thread may call it.
Sha256Digest sha256(std::span<const std::uint8_t> message);
Sha256Digest sha256(std::string_view message);
/// The same, as 64 small hex digits.
std::string sha256_hex(std::string_view message);

}  // namespace latchkey::crypto
