#include "crypto/password/hash_arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

#include "base/secret.h"

namespace latchkey::crypto::password {
namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;

std::size_t round_up(std::size_t size, std::size_t step) { return (size + step - 1) / step * step; }

std::uint8_t* map_memory(std::size_t size) noexcept {
  void* const mapped = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return mapped == MAP_FAILED ? nullptr : static_cast<std::uint8_t*>(mapped);
}

}  // namespace

HashArena::HashArena(const Argon2Parameters& kept)
    : size_(round_up(std::size_t{kept.memory_kib} * 1024, huge_page)) {
  // More is reserved than is used, so that the part that is used can begin where a huge page does.
  std::uint8_t* const start = map_memory(size_ + huge_page);
  if (start == nullptr) throw std::bad_alloc();
  const auto address = reinterpret_cast<std::uintptr_t>(start);
  const std::size_t head = round_up(address, huge_page) - address;
  memory_ = start + head;
  if (head != 0) ::munmap(start, head);
  ::munmap(memory_ + size_, huge_page - head);
  // Advice: where the kernel has no huge pages, small ones do.
  ::madvise(memory_, size_, MADV_HUGEPAGE);
  ::madvise(memory_, size_, MADV_DONTDUMP);
}

HashArena::~HashArena() {
  wipe();
  if (memory_ != nullptr) ::munmap(memory_, size_);
}

std::uint8_t* HashArena::take(std::size_t size) noexcept {
  if (size <= size_) {
    dirty_ = std::max(dirty_, size);
    return memory_;
  }
  std::uint8_t* const memory = map_memory(size);
  if (memory != nullptr) ::madvise(memory, size, MADV_DONTDUMP);
  return memory;
}

void HashArena::give_back(std::uint8_t* memory, std::size_t size) noexcept {
  if (memory == nullptr || memory == memory_) return;
  latchkey::wipe(memory, size);
  ::munmap(memory, size);
}

void HashArena::wipe() noexcept {
  latchkey::wipe(memory_, dirty_);
  dirty_ = 0;
}

}  // namespace latchkey::crypto::password
