#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace latchkey::crypto::password {

/// BLAKE2b without a key (RFC 7693), for Argon2: OpenSSL 3.0 has it with digests of 64 bytes only, and the
/// length is hashed along. Everything that was hashed is wiped when the object goes. Not for two threads at
/// once.
class Blake2b {
 public:
  static constexpr std::size_t max_digest_size = 64;

  /// `digest_size` is from 1 to 64 bytes; anything else is a bug and throws std::invalid_argument.
  explicit Blake2b(std::size_t digest_size);
  Blake2b(const Blake2b&) = delete;
  Blake2b& operator=(const Blake2b&) = delete;
  ~Blake2b();

  Blake2b& update(std::span<const std::uint8_t> message);
  /// The number as four bytes, the lowest first: Argon2's LE32.
  Blake2b& update_le32(std::uint32_t number);
  /// Writes the digest, to exactly `digest_size` bytes, and ends the object's use.
  void finish(std::span<std::uint8_t> digest);

 private:
  enum class Last : bool { no, yes };
  void compress(const std::uint8_t* block, Last last);

  static constexpr std::size_t block_size = 128;
  std::array<std::uint64_t, 8> state_;
  std::array<std::uint8_t, block_size> buffer_{};
  std::size_t buffered_ = 0;
  std::uint64_t hashed_ = 0;  ///< bytes; the standard counts to 2^128, which nobody will reach
  std::size_t digest_size_;
};

}  // namespace latchkey::crypto::password
