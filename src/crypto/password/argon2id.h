#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "crypto/password/argon2_parameters.h"
#include "crypto/password/hash_arena.h"

namespace latchkey::crypto::password {

struct BlockFunction;

inline constexpr std::size_t argon2_tag_size = 32;
using Argon2Tag = std::array<std::uint8_t, argon2_tag_size>;

/// What is hashed (RFC 9106 §3.1). Stored passwords use neither a secret nor associated data.
struct Argon2Input {
  std::span<const std::uint8_t> password;
  std::span<const std::uint8_t> salt;
  std::span<const std::uint8_t> secret = {};
  std::span<const std::uint8_t> associated_data = {};
};

/// Argon2id, version 0x13, with a tag of 32 bytes (RFC 9106). This is the one place that knows how it is
/// computed; it takes milliseconds, on the calling thread, however many lanes there are. The arena is left
/// dirty: when it is wiped is its owner's decision.
/// Throws std::bad_alloc when there is no memory, and std::invalid_argument for what RFC 9106 does not define
/// (less memory than 8 KiB a lane) and for a salt under 8 bytes. That is a bug of the caller: code that reads
/// parameters from outside asks `within_bounds` first.
Argon2Tag argon2id(const Argon2Parameters& parameters, const Argon2Input& input, HashArena& arena);

/// The same by one of `block_functions` (crypto/password/argon2_block.h) instead of the fastest: for tests
/// and measurements.
Argon2Tag argon2id(const Argon2Parameters& parameters, const Argon2Input& input, HashArena& arena,
                   const BlockFunction& function);

}  // namespace latchkey::crypto::password
