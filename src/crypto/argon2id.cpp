#include "crypto/argon2id.h"

#include <argon2.h>
#include <sys/mman.h>

#include <new>
#include <stdexcept>

namespace latchkey::crypto {
namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;

std::size_t round_up(std::size_t size, std::size_t step) { return (size + step - 1) / step * step; }

/// libargon2's callbacks take no argument of the caller's, so the arena of the running hash stands here.
thread_local HashArena* active_arena = nullptr;

int take_from_arena(std::uint8_t** memory, std::size_t size) {
  *memory = active_arena->take(size);
  return *memory == nullptr ? ARGON2_MEMORY_ALLOCATION_ERROR : ARGON2_OK;
}

void give_back_to_arena(std::uint8_t* memory, std::size_t size) { active_arena->give_back(memory, size); }

/// The library only reads its inputs, unless a flag asks to clear them; its type has no const.
void set_input(std::span<const std::uint8_t> bytes, std::uint8_t*& data, std::uint32_t& size) {
  data = const_cast<std::uint8_t*>(bytes.data());
  size = static_cast<std::uint32_t>(bytes.size());
}

}  // namespace

bool within_bounds(const Argon2Parameters& parameters) {
  return parameters.memory_kib >= min_memory_kib && parameters.memory_kib <= max_memory_kib &&
         parameters.passes >= 1 && parameters.passes <= max_passes && parameters.lanes >= 1 &&
         parameters.lanes <= max_lanes && parameters.memory_kib >= 8 * parameters.lanes;
}

HashArena::HashArena(const Argon2Parameters& kept)
    : size_(round_up(std::size_t{kept.memory_kib} * 1024, huge_page)) {
  // More is reserved than is used, so that the part that is used can begin where a huge page does.
  const std::size_t reserved = size_ + huge_page;
  void* const mapped = ::mmap(nullptr, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  auto* const start = static_cast<std::uint8_t*>(mapped);
  const std::size_t head =
      round_up(reinterpret_cast<std::uintptr_t>(start), huge_page) - reinterpret_cast<std::uintptr_t>(start);
  memory_ = start + head;
  if (head != 0) ::munmap(start, head);
  ::munmap(memory_ + size_, huge_page - head);
  // Advice: where the kernel has no huge pages, small ones do. Passwords must not reach a core file.
  ::madvise(memory_, size_, MADV_HUGEPAGE);
  ::madvise(memory_, size_, MADV_DONTDUMP);
}

HashArena::~HashArena() {
  if (memory_ != nullptr) ::munmap(memory_, size_);
}

std::uint8_t* HashArena::take(std::size_t size) noexcept {
  if (size <= size_) return memory_;
  void* const mapped = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return mapped == MAP_FAILED ? nullptr : static_cast<std::uint8_t*>(mapped);
}

void HashArena::give_back(std::uint8_t* memory, std::size_t size) noexcept {
  if (memory != nullptr && memory != memory_) ::munmap(memory, size);
}

std::array<std::uint8_t, 32> argon2id(const Argon2Parameters& parameters, const Argon2Input& input,
                                      HashArena& arena) {
  std::array<std::uint8_t, 32> tag{};
  argon2_context context{};
  context.out = tag.data();
  context.outlen = static_cast<std::uint32_t>(tag.size());
  set_input(input.password, context.pwd, context.pwdlen);
  set_input(input.salt, context.salt, context.saltlen);
  set_input(input.secret, context.secret, context.secretlen);
  set_input(input.associated_data, context.ad, context.adlen);
  context.t_cost = parameters.passes;
  context.m_cost = parameters.memory_kib;
  context.lanes = parameters.lanes;
  context.threads = 1;
  context.version = ARGON2_VERSION_13;
  context.allocate_cbk = take_from_arena;
  context.free_cbk = give_back_to_arena;
  context.flags = ARGON2_DEFAULT_FLAGS;

  active_arena = &arena;
  // The library overwrites the memory before it gives it back.
  const int outcome = argon2id_ctx(&context);
  active_arena = nullptr;
  if (outcome == ARGON2_MEMORY_ALLOCATION_ERROR) throw std::bad_alloc();
  if (outcome != ARGON2_OK) throw std::invalid_argument(argon2_error_message(outcome));
  return tag;
}

}  // namespace latchkey::crypto
