#pragma once

#include <cstddef>
#include <cstdint>

#include "crypto/password/argon2_parameters.h"

namespace latchkey::crypto::password {

/// Memory for hashing that one thread keeps and uses again and again, backed by huge pages where the kernel
/// has some: fresh memory would cost thousands of page faults a hash. It never reaches a core file. Not for
/// two threads at once.
///
/// What a hash has left in it stays until the next hash writes over it, or until the owner calls `wipe`,
/// which a thread must do before it waits for work. So nothing lies there while nobody hashes, and a thread
/// that hashes without pause does not spend a tenth of its time on zeros that the next hash replaces
/// (docs/adr/0005-argon2id-of-our-own.md).
class HashArena {
 public:
  /// Takes no memory yet.
  HashArena() = default;
  /// Memory for `kept` is taken now and kept. A hash that needs more gets its own for that one time. Throws
  /// std::bad_alloc.
  explicit HashArena(const Argon2Parameters& kept);
  HashArena(const HashArena&) = delete;
  HashArena& operator=(const HashArena&) = delete;
  /// Wipes.
  ~HashArena();

  /// At least `size` bytes, aligned for Argon2's blocks, with unspecified content; null when there are none.
  /// One at a time.
  std::uint8_t* take(std::size_t size) noexcept;
  /// Gives back what `take` returned; what is not kept is wiped at once.
  void give_back(std::uint8_t* memory, std::size_t size) noexcept;
  /// Overwrites with zeros whatever was used since the last time; costs nothing when that is nothing.
  void wipe() noexcept;

  /// What is kept, in bytes.
  std::size_t size() const { return size_; }
  /// Whether `wipe` has something to do.
  bool is_dirty() const { return dirty_ != 0; }

 private:
  std::uint8_t* memory_ = nullptr;
  std::size_t size_ = 0;
  std::size_t dirty_ = 0;  ///< bytes from the start that may hold something
};

}  // namespace latchkey::crypto::password
