#include "crypto/argon2id.h"

#include <argon2.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "crypto_fixtures.h"

namespace latchkey::crypto {
namespace {

using namespace test;

TEST(Argon2id, gives_the_tag_of_rfc_9106_5_3) {
  const Bytes password(32, 1);
  const Bytes salt(16, 2);
  const Bytes secret(8, 3);
  const Bytes data(12, 4);
  HashArena arena;
  EXPECT_EQ(hex(argon2id({32, 3, 4}, {password, salt, secret, data}, arena)),
            "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
}

TEST(Argon2id, gives_the_tags_of_the_reference_code_s_tests) {
  HashArena arena;
  const auto tag = [&](Argon2Parameters parameters, std::string_view password, std::string_view salt) {
    return hex(argon2id(parameters, {view_bytes(password), view_bytes(salt)}, arena));
  };
  EXPECT_EQ(tag({256, 2, 1}, "password", "somesalt"),
            "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe");
  EXPECT_EQ(tag({256, 2, 2}, "password", "somesalt"),
            "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037");
}

TEST(Argon2id, agrees_with_libargon2_on_random_inputs) {
  std::mt19937 engine{2024};
  const auto random = [&] { return static_cast<std::uint32_t>(engine()); };
  const auto bytes = [&](std::size_t size) {
    Bytes made(size);
    std::generate(made.begin(), made.end(), [&] { return static_cast<std::uint8_t>(random()); });
    return made;
  };
  HashArena arena{{256, 1, 1}};
  for (int i = 0; i < 60; ++i) {
    Argon2Parameters parameters;
    parameters.lanes = 1 + random() % 4;
    parameters.memory_kib = 8 * parameters.lanes + random() % 300;  // below and above what the arena keeps
    parameters.passes = 1 + random() % 3;
    const Bytes password = bytes(random() % 300);
    const Bytes salt = bytes(8 + random() % 57);
    std::array<std::uint8_t, 32> wanted{};
    ASSERT_EQ(argon2id_hash_raw(parameters.passes, parameters.memory_kib, parameters.lanes, password.data(),
                                password.size(), salt.data(), salt.size(), wanted.data(), wanted.size()),
              ARGON2_OK);
    EXPECT_EQ(argon2id(parameters, {password, salt}, arena), wanted);
  }
}

TEST(Argon2id, refuses_what_rfc_9106_does_not_define) {
  HashArena arena;
  const Bytes salt(16, 2);
  EXPECT_THROW(argon2id({31, 1, 4}, {{}, salt}, arena), std::invalid_argument);
  EXPECT_THROW(argon2id({64, 0, 1}, {{}, salt}, arena), std::invalid_argument);
  EXPECT_THROW(argon2id({64, 1, 0}, {{}, salt}, arena), std::invalid_argument);
  EXPECT_THROW(argon2id({64, 1, 1}, {{}, ByteView{salt}.first(7)}, arena), std::invalid_argument);
}

TEST(Argon2id, bounds_are_those_of_the_settings) {
  EXPECT_TRUE(within_bounds({}));
  EXPECT_TRUE(within_bounds({64, 1, 1}));
  EXPECT_TRUE(within_bounds({4'194'304, 100, 16}));
  EXPECT_FALSE(within_bounds({63, 1, 1}));
  EXPECT_FALSE(within_bounds({64, 0, 1}));
  EXPECT_FALSE(within_bounds({64, 1, 0}));
  EXPECT_FALSE(within_bounds({65536, 1, 17}));
  EXPECT_FALSE(within_bounds({64, 1, 9})) << "8 KiB a lane";
  EXPECT_FALSE(within_bounds({4'194'305, 1, 1}));
  EXPECT_FALSE(within_bounds({64, 101, 1}));
  EXPECT_FALSE(within_bounds({0xffffffff, 0xffffffff, 0xffffffff}));
}

TEST(HashArena, keeps_its_memory_and_holds_zeros_between_uses) {
  HashArena arena{{256, 1, 1}};
  EXPECT_GE(arena.size(), 256U * 1024);
  std::uint8_t* const first = arena.take(1024);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first) % (2U << 20), 0U) << "where a huge page begins";
  arena.give_back(first, 1024);
  const Bytes salt(16, 2);
  static_cast<void>(argon2id({256, 1, 1}, {view_bytes("password"), salt}, arena));
  EXPECT_EQ(arena.take(1024), first);
  EXPECT_TRUE(std::all_of(first, first + arena.size(), [](std::uint8_t byte) { return byte == 0; }));
}

TEST(HashArena, gives_more_for_one_time) {
  HashArena arena{{64, 1, 1}};
  std::uint8_t* const kept = arena.take(1);
  std::uint8_t* const more = arena.take(arena.size() + 1);
  ASSERT_NE(more, nullptr);
  EXPECT_NE(more, kept);
  more[arena.size()] = 1;
  arena.give_back(more, arena.size() + 1);
  EXPECT_EQ(arena.take(std::size_t{1} << 60), nullptr);
}

}  // namespace
}  // namespace latchkey::crypto
