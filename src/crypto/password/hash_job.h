#pragma once

#include "crypto/password/hash_arena.h"

namespace latchkey::crypto::password {

/// A piece of work for a hashing thread, and the coroutine that awaits it.
struct HashJob {
  HashJob() = default;
  HashJob(const HashJob&) = delete;
  HashJob& operator=(const HashJob&) = delete;
  virtual ~HashJob() = default;
  /// Does the work. A failure of the work is kept for the coroutine.
  virtual void run(HashArena& arena) noexcept = 0;
  /// Resumes the coroutine, on its own executor, and tells it whether `run` was called.
  virtual void complete() noexcept = 0;
};

}  // namespace latchkey::crypto::password
