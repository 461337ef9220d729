#include "crypto/password/argon2_block.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "unit/crypto/fixtures.h"

namespace latchkey::crypto {
namespace {

using namespace test;

const password::BlockFunction& portable() { return password::block_functions().back(); }

password::Argon2Block random_block(RandomBytes& random) {
  password::Argon2Block block;
  for (std::uint64_t& word : block.words) word = random.word();
  return block;
}

/// Words with long runs of ones and zeros, where carries and signs go wrong.
password::Argon2Block extreme_block(RandomBytes& random) {
  constexpr std::array<std::uint64_t, 6> words{0,          0xffffffffffffffff, 0x8000000000000000,
                                               0xffffffff, 0xffffffff00000000, 1};
  password::Argon2Block block;
  for (std::uint64_t& word : block.words) word = words[random.below(words.size())];
  return block;
}

TEST(Argon2Block, every_word_has_a_place_and_the_first_stays) {
  std::set<std::size_t> places;
  for (std::size_t word = 0; word < 128; ++word) places.insert(password::stored_at(word));
  EXPECT_EQ(places.size(), 128U);
  EXPECT_EQ(*places.rbegin(), 127U);
  EXPECT_EQ(password::stored_at(0), 0U);
}

TEST(Argon2Block, the_portable_function_is_always_there_and_last) {
  EXPECT_EQ(portable().name, "portable");
  EXPECT_EQ(&password::block_function(), &password::block_functions().front());
  std::string names;
  for (const password::BlockFunction& function : password::block_functions())
    names += std::string{function.name} + ' ';
  std::printf("this processor has: %s\n", names.c_str());
#if defined(__x86_64__)
  EXPECT_EQ(names.find("AVX2 ") != std::string::npos, __builtin_cpu_supports("avx2") != 0);
  EXPECT_EQ(names.starts_with("AVX-512 "), __builtin_cpu_supports("avx512f") != 0);
#endif
}

TEST(Argon2Block, all_functions_agree_block_by_block) {
  RandomBytes random{9106};
  for (int i = 0; i < 2000; ++i) {
    const auto make = i % 4 == 3 ? extreme_block : random_block;
    const password::Argon2Block previous = make(random);
    const password::Argon2Block reference = make(random);
    const password::Argon2Block old = make(random);
    for (const password::BlockFunction& function : password::block_functions()) {
      for (const auto way : {&password::BlockFunction::overwrite, &password::BlockFunction::mix_in}) {
        password::Argon2Block wanted = old;
        password::Argon2Block made = old;
        EXPECT_EQ((portable().*way)(previous, reference, wanted, nullptr, 0), nullptr);
        EXPECT_EQ((function.*way)(previous, reference, made, nullptr, 0), nullptr);
        ASSERT_EQ(made.words, wanted.words) << function.name << ", block " << i;
      }
    }
  }
}

TEST(Argon2Block, old_content_is_overwritten_or_mixed_in) {
  RandomBytes random{3};
  const password::Argon2Block previous = random_block(random);
  const password::Argon2Block reference = random_block(random);
  const password::Argon2Block old = random_block(random);
  for (const password::BlockFunction& function : password::block_functions()) {
    password::Argon2Block overwritten = old;
    function.overwrite(previous, reference, overwritten, nullptr, 0);
    password::Argon2Block mixed = old;
    function.mix_in(previous, reference, mixed, nullptr, 0);
    for (std::size_t i = 0; i < 128; ++i) ASSERT_EQ(mixed.words[i], overwritten.words[i] ^ old.words[i]);
  }
}

TEST(Argon2Block, a_reference_to_itself_is_all_zeros) {
  RandomBytes random{4};
  const password::Argon2Block block = random_block(random);
  for (const password::BlockFunction& function : password::block_functions()) {
    password::Argon2Block next = block;
    function.overwrite(block, block, next, nullptr, 0);
    for (const std::uint64_t word : next.words) ASSERT_EQ(word, 0U) << function.name;
  }
}

TEST(Argon2Block, the_next_reference_is_the_one_that_the_segment_s_rule_gives) {
  RandomBytes random{5};
  constexpr std::uint32_t lanes = 3;
  constexpr std::uint32_t lane_length = 16;
  const auto memory = std::make_unique<std::array<password::Argon2Block, lanes * lane_length>>();
  for (password::Argon2Block& block : *memory) block = random_block(random);
  const password::Argon2Segment segment{.memory = memory->data(),
                                        .lanes = lanes,
                                        .lane = 1,
                                        .lane_length = lane_length,
                                        .length = 4,
                                        .first_column = 8,
                                        .window_start = 12,
                                        .window_size = 12};
  std::set<const password::Argon2Block*> seen;
  for (int i = 0; i < 200; ++i) {
    const password::Argon2Block previous = random_block(random);
    const password::Argon2Block reference = random_block(random);
    for (const password::BlockFunction& function : password::block_functions()) {
      password::Argon2Block next;
      const password::Argon2Block* const found = function.overwrite(previous, reference, next, &segment, 2);
      ASSERT_EQ(found, &segment.reference(2, next.words[0])) << function.name;
      seen.insert(found);
    }
  }
  EXPECT_GT(seen.size(), 20U);
}

TEST(Argon2Segment, nobody_refers_to_what_is_being_written_or_not_yet_written) {
  // Of the last pass's third segment in lane 0 of two; 4 segments of 4 blocks.
  std::vector<password::Argon2Block> blocks(32);
  password::Argon2Block* const memory = blocks.data();
  RandomBytes random{6};
  const auto where = [&](const password::Argon2Segment& segment, std::uint32_t index, std::uint64_t number) {
    return static_cast<std::size_t>(&segment.reference(index, number) - memory);
  };
  const password::Argon2Segment later{memory, 2, 0, 16, 4, 8, 12, 12};
  for (std::uint32_t index = 0; index < 4; ++index) {
    for (int i = 0; i < 500; ++i) {
      const std::size_t found = where(later, index, random.word());
      ASSERT_LT(found, 32U);
      const std::size_t column = found % 16;
      if (found < 16) {
        ASSERT_TRUE(column < 7 + index || column >= 12) << column << " is not known, or is the block before";
      } else {
        ASSERT_TRUE(column < 8 || column >= 12) << column << " of another lane is not finished";
        ASSERT_TRUE(index != 0 || column != 7) << "the last block of the window, for a first block";
      }
    }
  }
  const password::Argon2Segment first{memory, 2, 1, 16, 4, 0, 0, 0};
  EXPECT_TRUE(first.is_first());
  for (int i = 0; i < 500; ++i) {
    const std::size_t found = where(first, 3, random.word());
    ASSERT_TRUE(found == 16 || found == 17) << "its own lane, without the block before";
  }
  // J1 of zero is the newest, of all ones the oldest.
  EXPECT_EQ(where(later, 2, 0), 8U);
  EXPECT_EQ(where(later, 2, 0xffffffff), 12U);
}

}  // namespace
}  // namespace latchkey::crypto
