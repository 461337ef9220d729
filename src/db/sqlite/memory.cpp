#include "db/sqlite/memory.h"

#include <malloc.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>

namespace latchkey::db::sqlite {
namespace {

constexpr std::size_t step = 16;
constexpr std::size_t classes = 40;
constexpr int kept_of_each = 6;

/// Blocks of one thread, by size: those of class `n` hold at least `n * step` bytes.
class Blocks {
 public:
  Blocks() = default;
  Blocks(const Blocks&) = delete;
  Blocks& operator=(const Blocks&) = delete;
  ~Blocks() {
    gone = true;
    for (Class& some : classes_) {
      while (some.first != nullptr) std::free(std::exchange(some.first, some.first->next));
    }
  }

  void* take(std::size_t size_class) {
    Class& some = classes_[size_class];
    if (some.first == nullptr) return nullptr;
    --some.count;
    return std::exchange(some.first, some.first->next);
  }

  bool keep(void* memory, std::size_t size_class) {
    Class& some = classes_[size_class];
    if (some.count == kept_of_each) return false;
    ++some.count;
    some.first = ::new (memory) Block{some.first};
    return true;
  }

  /// The thread is ending, and a connection that outlives its blocks is being closed.
  static constinit thread_local bool gone;

 private:
  struct Block {
    Block* next = nullptr;
  };
  struct Class {
    Block* first = nullptr;
    int count = 0;
  };
  std::array<Class, classes> classes_{};
};

constinit thread_local bool Blocks::gone = false;

Blocks& blocks() {
  thread_local Blocks mine;
  return mine;
}

std::size_t class_of(int size) { return (static_cast<std::size_t>(size) + step - 1) / step; }

void* take(int size) {
  const std::size_t size_class = class_of(size);
  if (size_class < classes && !Blocks::gone) {
    if (void* kept = blocks().take(size_class)) return kept;
  }
  return std::malloc(size_class * step);
}

void give(void* memory) {
  const std::size_t size_class = ::malloc_usable_size(memory) / step;
  if (size_class < classes && !Blocks::gone && blocks().keep(memory, size_class)) return;
  std::free(memory);
}

}  // namespace

const sqlite3_mem_methods& small_block_methods() {
  static const sqlite3_mem_methods methods{
      .xMalloc = take,
      .xFree = give,
      .xRealloc = [](void* memory, int size) -> void* {
        return std::realloc(memory, static_cast<std::size_t>(size));
      },
      .xSize = [](void* memory) -> int { return static_cast<int>(::malloc_usable_size(memory)); },
      .xRoundup = [](int size) -> int { return static_cast<int>(class_of(size) * step); },
      .xInit = [](void*) -> int { return SQLITE_OK; },
      .xShutdown = [](void*) {},
      .pAppData = nullptr};
  return methods;
}

}  // namespace latchkey::db::sqlite
