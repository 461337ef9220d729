#pragma once

#include <cstdint>

namespace latchkey::crypto::password {

/// The cost of one hash (RFC 9106 §3.1). The defaults are OWASP's first row with parallelism 1.
struct Argon2Parameters {
  std::uint32_t memory_kib = 19456;
  std::uint32_t passes = 2;
  /// More than one only in hashes that were made elsewhere; they are computed on one thread all the same.
  std::uint32_t lanes = 1;
  bool operator==(const Argon2Parameters&) const = default;
};

/// What may be computed at all: every cost that the settings allow, since a hash that was written must stay
/// readable.
inline constexpr std::uint32_t min_memory_kib = 64;
inline constexpr std::uint32_t max_memory_kib = 1U << 22;
inline constexpr std::uint32_t max_passes = 100;
inline constexpr std::uint32_t max_lanes = 16;

bool within_bounds(const Argon2Parameters& parameters);

}  // namespace latchkey::crypto::password
