// The index of breached passwords that a server is given: it is refused, or every look-up ends within the
// pages that halving takes.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "crypto/breached/index.h"
#include "fuzz/require.h"

using namespace latchkey::crypto::breached;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int file = ::memfd_create("index", MFD_CLOEXEC);
  require(file >= 0 && ::write(file, data, size) == static_cast<ssize_t>(size));
  try {
    const Index index("/proc/self/fd/" + std::to_string(file));
    require(header_size + index.size() * entry_size == size);
    for (std::size_t at = header_size; at < size; at += entry_size) {
      const Entry entry = read_entry(data + at);
      for (const Entry near : {entry - 1, entry, entry + 1}) require(index.look_up(near).pages < 40);
    }
  } catch (const Unusable&) {
  }
  ::close(file);
  return 0;
}
