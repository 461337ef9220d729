#pragma once

#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace latchkey::app {

/// How big the next piece of a long job on the store is, and how long the job waits before it: pieces that
/// nobody notices, whatever the disk and however busy the store. A pure rule.
///
/// All writes wait for a piece, so its size follows from how long the statements of the last one kept the
/// store to themselves. While others write, pieces are so rare that fewer than one write in a hundred meets
/// one, or the copying of the log to which it adds; while nobody writes, one follows the other.
class Pace {
 public:
  enum class Store : std::uint8_t {
    idle,  ///< nobody else writes
    busy,
  };

  /// How many rows the next piece may remove.
  std::int64_t rows() const { return rows_; }
  /// How long to wait before it.
  std::chrono::milliseconds pause(Store store) const;

  /// The last piece wrote so many rows, kept the store for `held`, and was answered after `taken`.
  void note(std::int64_t rows, Microseconds held, Microseconds taken);

 private:
  std::int64_t rows_ = 32;
  Microseconds held_{};
  Microseconds taken_{};
};

}  // namespace latchkey::app
