#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "crypto/argon2_parameters.h"
#include "crypto/hash_arena.h"

namespace latchkey::crypto {

struct BlockFunction;

/// What is hashed (RFC 9106 §3.1). Stored passwords use neither a secret nor associated data.
struct Argon2Input {
  std::span<const std::uint8_t> password;
  std::span<const std::uint8_t> salt;
  std::span<const std::uint8_t> secret = {};
  std::span<const std::uint8_t> associated_data = {};
};

/// Argon2id, version 0x13, with a tag of 32 bytes (RFC 9106). This is the one place that knows how it is
/// computed; it takes milliseconds, on the calling thread, however many lanes there are. The arena is left
/// dirty.
/// Throws std::bad_alloc when there is no memory, and std::invalid_argument for what RFC 9106 does not define
/// (less memory than 8 KiB a lane) and for a salt under 8 bytes: a bug, since whoever reads parameters from
/// outside asks `within_bounds` first.
std::array<std::uint8_t, 32> argon2id(const Argon2Parameters& parameters, const Argon2Input& input,
                                      HashArena& arena);

/// The same by one of `block_functions` (crypto/argon2_block.h) instead of the fastest: for tests and
/// measurements.
std::array<std::uint8_t, 32> argon2id(const Argon2Parameters& parameters, const Argon2Input& input,
                                      HashArena& arena, const BlockFunction& function);

}  // namespace latchkey::crypto
