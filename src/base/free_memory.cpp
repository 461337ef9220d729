#include "base/free_memory.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>

namespace latchkey {

namespace {

/// Only what was mapped from a file and never written: to drop such a page loses nothing.
int drop_constant_pages(dl_phdr_info* object, std::size_t, void*) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (std::size_t i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = (object->dlpi_addr + segment.p_vaddr) / page * page;
    const std::uintptr_t end = object->dlpi_addr + segment.p_vaddr + segment.p_memsz;
    // Refused for the kernel's own pages (vdso), which changes nothing.
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader says addresses as numbers
    static_cast<void>(::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED));
  }
  return 0;
}

constexpr std::uint64_t worthwhile = std::uint64_t{8} << 20;

}  // namespace

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  statm >> all >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void release_start_memory() {
  ::malloc_trim(0);
  ::dl_iterate_phdr(drop_constant_pages, nullptr);
}

void release_free_memory() {
  // What is free has not always gone up: it may be what was given back the last time.
  static std::uint64_t at_rest = 0;
  const std::uint64_t now = resident_bytes();
  if (now < at_rest + worthwhile) {
    at_rest = at_rest == 0 ? now : std::min(at_rest, now);
    return;
  }
  if (::mallinfo2().fordblks < worthwhile) return;
  ::malloc_trim(0);
  at_rest = resident_bytes();
}

}  // namespace latchkey
