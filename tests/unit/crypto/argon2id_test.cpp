#include "crypto/password/argon2id.h"

#include <argon2.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "crypto/password/argon2_block.h"
#include "unit/crypto/fixtures.h"

namespace latchkey::crypto {
namespace {

using namespace test;

TEST(Argon2id, gives_the_tag_of_rfc_9106_5_3) {
  const Bytes password(32, 1);
  const Bytes salt(16, 2);
  const Bytes secret(8, 3);
  const Bytes data(12, 4);
  password::HashArena arena;
  EXPECT_EQ(hex(password::argon2id({32, 3, 4}, {password, salt, secret, data}, arena)),
            "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
}

TEST(Argon2id, gives_the_tags_of_the_reference_code_s_tests) {
  password::HashArena arena;
  const auto tag = [&](password::Argon2Parameters parameters, std::string_view password,
                       std::string_view salt) {
    return hex(password::argon2id(parameters, {view_bytes(password), view_bytes(salt)}, arena));
  };
  EXPECT_EQ(tag({256, 2, 1}, "password", "somesalt"),
            "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe");
  EXPECT_EQ(tag({256, 2, 2}, "password", "somesalt"),
            "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037");
}

/// How many random inputs are compared; LATCHKEY_ARGON2_SETS asks for more (see CONTRIBUTING.md). Under the
/// thread sanitizer, which has nothing to find in one thread's arithmetic and takes long over it, a tenth.
int random_sets() {
#if defined(__SANITIZE_THREAD__)
  constexpr int usual = 1000;
#else
  constexpr int usual = 10000;
#endif
  const char* const wanted = std::getenv("LATCHKEY_ARGON2_SETS");
  return wanted == nullptr ? usual : std::stoi(wanted);
}

struct RandomSet {
  password::Argon2Parameters parameters;
  Bytes password, salt, secret, associated_data;
};

RandomSet random_set(RandomBytes& random) {
  RandomSet set;
  // Mostly little memory, where every border of a segment is met often; one in two hundred has long segments
  // (whose addresses take several blocks) or many lanes.
  const bool is_big = random.below(200) == 0;
  set.parameters.lanes = 1 + random.below(is_big ? 16 : 4);
  set.parameters.passes = 1 + random.below(3);
  set.parameters.memory_kib = 8 * set.parameters.lanes + random.below(is_big ? 3000 : 80);
  set.password = random.bytes(random.below(300));
  set.salt = random.bytes(8 + random.below(57));
  if (random.below(2) == 0) set.secret = random.bytes(random.below(65));
  if (random.below(2) == 0) set.associated_data = random.bytes(random.below(200));
  return set;
}

/// By Debian's libargon2, which only reads its inputs; its type has no const.
password::Argon2Tag libargon2_tag(const RandomSet& set) {
  password::Argon2Tag tag{};
  argon2_context context{};
  const auto input = [](const Bytes& bytes, std::uint8_t*& data, std::uint32_t& size) {
    data = const_cast<std::uint8_t*>(bytes.data());
    size = static_cast<std::uint32_t>(bytes.size());
  };
  context.out = tag.data();
  context.outlen = static_cast<std::uint32_t>(tag.size());
  input(set.password, context.pwd, context.pwdlen);
  input(set.salt, context.salt, context.saltlen);
  input(set.secret, context.secret, context.secretlen);
  input(set.associated_data, context.ad, context.adlen);
  context.t_cost = set.parameters.passes;
  context.m_cost = set.parameters.memory_kib;
  context.lanes = set.parameters.lanes;
  context.threads = 1;
  context.version = ARGON2_VERSION_13;
  EXPECT_EQ(argon2id_ctx(&context), ARGON2_OK);
  return tag;
}

TEST(Argon2id, agrees_with_libargon2_on_random_inputs) {
  constexpr std::uint32_t seed = 2024;
  RandomBytes random{seed};
  password::HashArena arena{{2048, 1, 1}};  // less than some sets need, more than others
  const int sets = random_sets();
  for (int i = 0; i < sets; ++i) {
    const RandomSet set = random_set(random);
    const auto wanted = libargon2_tag(set);
    for (const password::BlockFunction& function : password::block_functions()) {
      ASSERT_EQ(
          hex(password::argon2id(set.parameters, {set.password, set.salt, set.secret, set.associated_data},
                                 arena, function)),
          hex(wanted))
          << function.name << ", set " << i << " of seed " << seed << ": m=" << set.parameters.memory_kib
          << " t=" << set.parameters.passes << " p=" << set.parameters.lanes;
    }
  }
  std::printf("%d sets of seed %u, each in %zu ways\n", sets, seed, password::block_functions().size());
}

TEST(Argon2id, agrees_with_libargon2_at_the_cost_of_sign_in) {
  RandomBytes random{7};
  RandomSet set{password::Argon2Parameters{}, random.bytes(20), random.bytes(16), {}, {}};
  password::HashArena arena{set.parameters};
  for (const password::BlockFunction& function : password::block_functions()) {
    EXPECT_EQ(hex(password::argon2id(set.parameters, {set.password, set.salt}, arena, function)),
              hex(libargon2_tag(set)))
        << function.name;
  }
}

TEST(Argon2id, does_not_mind_what_its_memory_held) {
  password::HashArena arena{{64, 1, 1}};
  const auto tag = [&] {
    return hex(password::argon2id({64, 1, 1}, {view_bytes("password"), view_bytes("somesalt")}, arena));
  };
  const std::string wanted = tag();
  std::uint8_t* const memory = arena.take(arena.size());
  std::fill(memory, memory + arena.size(), std::uint8_t{0xa5});
  EXPECT_EQ(tag(), wanted);
}

TEST(Argon2id, throws_when_there_is_no_memory) {
  password::HashArena arena;
  constexpr password::Argon2Parameters four_tebibytes{0xffffffff, 1, 1};
  constexpr std::size_t size = std::size_t{4} << 40;
  if (std::uint8_t* const memory = arena.take(size)) {
    ::munmap(memory, size);
    GTEST_SKIP() << "this machine promises any amount of memory";
  }
  EXPECT_THROW(password::argon2id(four_tebibytes, {view_bytes("password"), view_bytes("somesalt")}, arena),
               std::bad_alloc);
  EXPECT_THROW(password::HashArena{four_tebibytes}, std::bad_alloc);
}

TEST(Argon2id, refuses_what_rfc_9106_does_not_define) {
  password::HashArena arena;
  const Bytes salt(16, 2);
  EXPECT_THROW(password::argon2id({31, 1, 4}, {{}, salt}, arena), std::invalid_argument);
  EXPECT_THROW(password::argon2id({64, 0, 1}, {{}, salt}, arena), std::invalid_argument);
  EXPECT_THROW(password::argon2id({64, 1, 0}, {{}, salt}, arena), std::invalid_argument);
  EXPECT_THROW(password::argon2id({64, 1, 1}, {{}, ByteView{salt}.first(7)}, arena), std::invalid_argument);
}

TEST(Argon2id, bounds_are_those_of_the_settings) {
  EXPECT_TRUE(password::within_bounds({}));
  EXPECT_TRUE(password::within_bounds({64, 1, 1}));
  EXPECT_TRUE(password::within_bounds({4'194'304, 100, 16}));
  EXPECT_FALSE(password::within_bounds({63, 1, 1}));
  EXPECT_FALSE(password::within_bounds({64, 0, 1}));
  EXPECT_FALSE(password::within_bounds({64, 1, 0}));
  EXPECT_FALSE(password::within_bounds({65536, 1, 17}));
  EXPECT_FALSE(password::within_bounds({64, 1, 9})) << "8 KiB a lane";
  EXPECT_FALSE(password::within_bounds({4'194'305, 1, 1}));
  EXPECT_FALSE(password::within_bounds({64, 101, 1}));
  EXPECT_FALSE(password::within_bounds({0xffffffff, 0xffffffff, 0xffffffff}));
}

}  // namespace
}  // namespace latchkey::crypto
