#pragma once

#include <cstdint>

namespace latchkey {

/// Of this process, as the kernel counts; 0 when it does not say.
std::uint64_t resident_bytes();

/// Gives back what only the start has needed: free heap, and the pages of code and constants, the program's
/// and its libraries', of which those that are used come back from the kernel's cache at once. For the end of
/// the start; any thread.
void release_start_memory();

/// Gives back the heap that a crowd has left free, if that is much. For one thread, now and then: others that
/// allocate wait for it, some milliseconds for each hundred megabytes.
void release_free_memory();

}  // namespace latchkey
