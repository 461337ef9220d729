#include "crypto/password/hash_arena.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "crypto/password/argon2id.h"
#include "unit/crypto/fixtures.h"

namespace latchkey::crypto {
namespace {

constexpr password::Argon2Parameters small{256, 1, 1};

void hash_in(password::HashArena& arena, const password::Argon2Parameters& parameters) {
  static_cast<void>(password::argon2id(parameters, {view_bytes("password"), view_bytes("somesalt")}, arena));
}

bool is_zero(const std::uint8_t* memory, std::size_t size) {
  return std::all_of(memory, memory + size, [](std::uint8_t byte) { return byte == 0; });
}

TEST(HashArena, keeps_its_memory) {
  password::HashArena arena{small};
  EXPECT_GE(arena.size(), 256U * 1024);
  std::uint8_t* const first = arena.take(1024);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first) % (2U << 20), 0U) << "where a huge page begins";
  arena.give_back(first, 1024);
  hash_in(arena, small);
  EXPECT_EQ(arena.take(1024), first);
}

TEST(HashArena, holds_zeros_once_it_is_wiped) {
  password::HashArena arena{small};
  EXPECT_FALSE(arena.is_dirty());
  std::uint8_t* const memory = arena.take(0);
  hash_in(arena, small);
  hash_in(arena, {64, 1, 1});  // leaves most of what the bigger one wrote
  EXPECT_TRUE(arena.is_dirty());
  EXPECT_FALSE(is_zero(memory + 128 * 1024, 1024)) << "nothing to wipe: the test shows nothing";
  arena.wipe();
  EXPECT_FALSE(arena.is_dirty());
  EXPECT_TRUE(is_zero(memory, arena.size()));
}

TEST(HashArena, gives_more_for_one_time) {
  password::HashArena arena{{64, 1, 1}};
  std::uint8_t* const kept = arena.take(1);
  std::uint8_t* const more = arena.take(arena.size() + 1);
  ASSERT_NE(more, nullptr);
  EXPECT_NE(more, kept);
  more[arena.size()] = 1;
  arena.give_back(more, arena.size() + 1);
  EXPECT_EQ(arena.take(std::size_t{1} << 60), nullptr);
}

TEST(HashArena, without_memory_of_its_own_keeps_nothing) {
  password::HashArena arena;
  EXPECT_EQ(arena.size(), 0U);
  hash_in(arena, small);
  EXPECT_FALSE(arena.is_dirty());
  arena.wipe();
}

}  // namespace
}  // namespace latchkey::crypto
