#include "db/sqlite/memory.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string_view>
#include <thread>
#include <vector>

namespace latchkey::db::test::sqlite_memory_test {
namespace {

const sqlite3_mem_methods& memory = sqlite::small_block_methods();

TEST(SqliteMemory, every_block_is_as_large_as_asked_and_nobody_elses) {
  for (int round = 0; round < 3; ++round) {
    std::vector<char*> blocks;
    for (int size = 1; size < 1500; ++size) {
      auto* block = static_cast<char*>(memory.xMalloc(size));
      ASSERT_NE(block, nullptr);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 8, 0U);
      EXPECT_GE(memory.xSize(block), size);
      EXPECT_GE(memory.xRoundup(size), size);
      std::memset(block, size & 0xff, static_cast<std::size_t>(size));
      blocks.push_back(block);
    }
    for (int size = 1; size < 1500; ++size) {
      char* block = blocks[static_cast<std::size_t>(size) - 1];
      const std::vector<char> expected(static_cast<std::size_t>(size), static_cast<char>(size & 0xff));
      EXPECT_EQ(std::memcmp(block, expected.data(), expected.size()), 0) << size;
      memory.xFree(block);
    }
  }
}

TEST(SqliteMemory, a_small_block_is_used_again) {
  std::thread([] {
    void* first = memory.xMalloc(40);
    memory.xFree(first);
    void* second = memory.xMalloc(48);
    EXPECT_EQ(first, second);
    memory.xFree(second);
  }).join();
}

TEST(SqliteMemory, growing_keeps_what_was_written) {
  auto* block = static_cast<char*>(memory.xMalloc(10));
  std::memcpy(block, "0123456789", 10);
  for (const int size : {17, 600, 5000, 12}) {
    block = static_cast<char*>(memory.xRealloc(block, size));
    EXPECT_EQ(std::string_view(block, 10), "0123456789");
    EXPECT_GE(memory.xSize(block), size);
  }
  memory.xFree(block);
}

TEST(SqliteMemory, another_thread_may_give_a_block_back) {
  void* block = memory.xMalloc(100);
  std::thread([block] { memory.xFree(block); }).join();
}

struct Late {
  void* block = nullptr;
  ~Late() { memory.xFree(block); }
};

TEST(SqliteMemory, a_block_may_outlive_what_its_thread_keeps) {
  std::thread([] {
    thread_local Late late;  // made before the thread's blocks, so it ends after them
    late.block = memory.xMalloc(64);
    memory.xFree(memory.xMalloc(64));
  }).join();
}

}  // namespace
}  // namespace latchkey::db::test::sqlite_memory_test
