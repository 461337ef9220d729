#pragma once

#include <cstdint>

namespace latchkey {

/// Memory of this process as the kernel counts it; each number is 0 when the kernel does not say. For
/// metrics: the kernel looks at every page, a millisecond or so for each hundred megabytes.
struct Memory {
  /// All pages that are in memory now, also those of the program and its libraries, which come from the files
  /// and may be other processes' as well.
  std::uint64_t resident = 0;
  /// Of those, the ones that this process has written and has for itself: what its end would free.
  std::uint64_t dirty = 0;
};
Memory measure_memory();

/// Gives back the heap that only the start has needed. For the end of the start; any thread.
void release_start_memory();

/// Gives back the heap that a crowd has left free, if that is much. For one thread, now and then: others that
/// allocate wait for it, some milliseconds for each hundred megabytes.
void release_free_memory();

}  // namespace latchkey
