#pragma once

#include <cstdint>

#include "base/time.h"

namespace latchkey {

/// How often something may happen: `count` times at once, and then as often as a bucket of that size fills
/// anew within `per`. So in the time `per` it happens at most twice `count` times, and in the long run
/// `count` times.
struct Rate {
  std::int64_t count = 0;  ///< 0: as often as anybody likes
  Microseconds per{0};     ///< at least a microsecond for each of `count`

  constexpr bool is_off() const { return count == 0; }
  /// What one token takes to come back.
  constexpr Microseconds interval() const { return per / count; }
  friend constexpr bool operator==(const Rate&, const Rate&) = default;
};

}  // namespace latchkey
