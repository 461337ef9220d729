#include "base/free_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <string>

namespace latchkey::free_memory_test {
namespace {

constexpr std::size_t size = std::size_t{64} << 20;
constexpr std::uint64_t half = size / 2;

/// Pages of a file on a disk, as a program and its libraries have: the kernel keeps them for whoever maps
/// them.
class MappedFile {
 public:
  MappedFile() {
    std::string name = "/var/tmp/latchkey-memory-XXXXXX";
    const int file = ::mkstemp(name.data());
    ::unlink(name.c_str());
    EXPECT_EQ(::ftruncate(file, size), 0);
    begin_ = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    ::close(file);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile() { ::munmap(begin_, size); }

 private:
  void* begin_;
};

TEST(FreeMemory, OnlyWhatWasWrittenIsDirty) {
  const Memory before = measure_memory();
  ASSERT_GT(before.dirty, 0U);
  ASSERT_GT(before.resident, before.dirty);
  const MappedFile file;
  const Memory mapped = measure_memory();
  EXPECT_GT(mapped.resident, before.resident + half);
  EXPECT_LT(mapped.dirty, before.dirty + half);
  void* written = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (std::size_t at = 0; at < size; at += 4096) static_cast<volatile char*>(written)[at] = 1;
  EXPECT_GT(measure_memory().dirty, mapped.dirty + half);
  ::munmap(written, size);
  EXPECT_LT(measure_memory().dirty, before.dirty + half);
}

}  // namespace
}  // namespace latchkey::free_memory_test
