#include "base/free_memory.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace latchkey {

namespace {

constexpr std::uint64_t worthwhile = std::uint64_t{8} << 20;

/// What is written and of no file, quickly: the kernel counts it as it goes.
std::uint64_t anonymous_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  std::uint64_t of_files = 0;
  statm >> all >> resident >> of_files;
  return (resident - of_files) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

Memory measure_memory() {
  Memory memory;
  // Lines as "Private_Dirty:      2824 kB", behind one that names the range.
  std::ifstream rollup("/proc/self/smaps_rollup");
  std::string line;
  std::getline(rollup, line);
  std::string name;
  std::uint64_t kib = 0;
  while (rollup >> name >> kib && std::getline(rollup, line)) {
    if (name == "Rss:") memory.resident = kib * 1024;
    if (name == "Private_Dirty:") memory.dirty = kib * 1024;
  }
  return memory;
}

void release_start_memory() { ::malloc_trim(0); }

void release_free_memory() {
  // What is free has not always gone up: it may be what was given back the last time.
  static std::uint64_t at_rest = 0;
  const std::uint64_t now = anonymous_bytes();
  if (now < at_rest + worthwhile) {
    at_rest = at_rest == 0 ? now : std::min(at_rest, now);
    return;
  }
  if (::mallinfo2().fordblks < worthwhile) return;
  ::malloc_trim(0);
  at_rest = anonymous_bytes();
}

}  // namespace latchkey
