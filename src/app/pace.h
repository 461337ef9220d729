#pragma once

#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace latchkey::app {

/// How big the next piece of a long job on the store is, and how long the job waits before it: pieces that
/// nobody notices, whatever the disk and however busy the store. A pure rule.
///
/// All writes wait for a piece, so its size follows from how long the statements of the last one kept the
/// store to themselves. And a piece takes all the longer the more writes wait beside it, since its commit is
/// theirs, too; so the pause is some times what the last piece took from asking to answer.
class Pace {
 public:
  /// How many rows the next piece may remove.
  std::int64_t rows() const { return rows_; }
  /// How long to wait before it.
  std::chrono::milliseconds pause() const { return pause_; }

  /// The last piece wrote so many rows, kept the store for `held`, and was answered after `taken`.
  void note(std::int64_t rows, Microseconds held, Microseconds taken);

 private:
  std::int64_t rows_ = 32;
  std::chrono::milliseconds pause_{0};
};

}  // namespace latchkey::app
