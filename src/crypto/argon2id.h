#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace latchkey::crypto {

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

/// Memory for hashing that one thread keeps and uses again and again, backed by huge pages where the kernel
/// has some: fresh memory would cost thousands of page faults a hash. It holds zeros between uses. Not for
/// two threads at once.
class HashArena {
 public:
  /// Takes no memory yet.
  HashArena() = default;
  /// Memory for `kept` is taken now and kept. A hash that needs more gets its own for that one time.
  explicit HashArena(const Argon2Parameters& kept);
  HashArena(const HashArena&) = delete;
  HashArena& operator=(const HashArena&) = delete;
  ~HashArena();

  /// At least `size` bytes, aligned for Argon2's blocks; null when there are none. One at a time.
  std::uint8_t* take(std::size_t size) noexcept;
  /// Gives back what `take` returned; the user has wiped it.
  void give_back(std::uint8_t* memory, std::size_t size) noexcept;
  /// What is kept, in bytes.
  std::size_t size() const { return size_; }

 private:
  std::uint8_t* memory_ = nullptr;
  std::size_t size_ = 0;
};

/// What is hashed (RFC 9106 §3.1). Stored passwords use neither a secret nor associated data.
struct Argon2Input {
  std::span<const std::uint8_t> password;
  std::span<const std::uint8_t> salt;
  std::span<const std::uint8_t> secret = {};
  std::span<const std::uint8_t> associated_data = {};
};

/// Argon2id, version 0x13, with a tag of 32 bytes. This is the one place that knows how it is computed.
/// Throws std::bad_alloc when there is no memory, and std::invalid_argument for what RFC 9106 does not define
/// (less memory than 8 KiB a lane, a salt under 8 bytes): a bug, since whoever reads parameters from outside
/// asks `within_bounds` first.
std::array<std::uint8_t, 32> argon2id(const Argon2Parameters& parameters, const Argon2Input& input,
                                      HashArena& arena);

}  // namespace latchkey::crypto
