#include "crypto/webauthn/cbor.h"

#include <gtest/gtest.h>

#include <chrono>
#include <ctime>

#include "unit/crypto/webauthn/authenticator.h"

namespace latchkey::crypto::webauthn {
namespace {

std::optional<Cbor> read(const Bytes& bytes) { return Cbor::read(bytes); }

TEST(WebauthnCbor, NumbersAreReadInTheirShortestFormOnly) {
  EXPECT_EQ(read({0x00})->as_integer(), 0);
  EXPECT_EQ(read({0x17})->as_integer(), 23);
  EXPECT_EQ(read({0x18, 0x18})->as_integer(), 24);
  EXPECT_EQ(read({0x19, 0x01, 0x00})->as_integer(), 256);
  EXPECT_EQ(read({0x1a, 0x00, 0x01, 0x00, 0x00})->as_integer(), 65536);
  EXPECT_EQ(read({0x1b, 0, 0, 0, 1, 0, 0, 0, 0})->as_integer(), std::int64_t{1} << 32);
  EXPECT_EQ(read({0x26})->as_integer(), -7);
  EXPECT_EQ(read({0x39, 0x01, 0x00})->as_integer(), -257);
  EXPECT_FALSE(read({0x18, 0x17}));
  EXPECT_FALSE(read({0x19, 0x00, 0xff}));
  EXPECT_FALSE(read({0x1a, 0x00, 0x00, 0xff, 0xff}));
  EXPECT_FALSE(read({0x1b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}));
}

TEST(WebauthnCbor, ANumberBeyond64BitsWithASignIsNoInteger) {
  ASSERT_TRUE(read({0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_FALSE(read({0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0})->as_integer());
  EXPECT_FALSE(read({0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})->as_integer());
  EXPECT_EQ(read({0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})->as_integer(),
            std::numeric_limits<std::int64_t>::min());
}

TEST(WebauthnCbor, TextsMustBeUtf8AndBytesNeedNot) {
  EXPECT_EQ(read({0x62, 0xc3, 0xa4})->as_text(), "ä");
  EXPECT_FALSE(read({0x62, 0xc3, 0x28}));
  EXPECT_TRUE(read({0x42, 0xc3, 0x28})->as_bytes());
  EXPECT_FALSE(read({0x42, 0xc3, 0x28})->as_text());
}

TEST(WebauthnCbor, WhatIsCutOffOrFollowedIsRefused) {
  EXPECT_FALSE(read({}));
  EXPECT_FALSE(read({0x19, 0x01}));
  EXPECT_FALSE(read({0x43, 1, 2}));
  EXPECT_FALSE(read({0x82, 1}));
  EXPECT_FALSE(read({0xa1, 1}));
  EXPECT_FALSE(read({0x00, 0x00}));
  EXPECT_EQ(Cbor::read_prefix(Bytes{0x01, 0x02})->encoding().size(), 1U);
}

TEST(WebauthnCbor, WhatTheCanonicalFormHasNotIsRefused) {
  for (const Bytes& bytes :
       {Bytes{0x9f, 0xff}, Bytes{0xbf, 0xff}, Bytes{0x5f, 0xff}, Bytes{0x7f, 0xff},  // unknown lengths
        Bytes{0xc0, 0x00},                                                           // a tag
        Bytes{0xf9, 0x00, 0x00}, Bytes{0xfa, 0, 0, 0, 0},                            // floating point
        Bytes{0xf7}, Bytes{0xe0}, Bytes{0xf8, 0x20},                                 // simple values
        Bytes{0xfc}, Bytes{0x1c}})                                                   // reserved
    EXPECT_FALSE(read(bytes)) << static_cast<int>(bytes[0]);
  for (const int byte : {0xf4, 0xf5, 0xf6}) EXPECT_TRUE(read({static_cast<std::uint8_t>(byte)}));
}

TEST(WebauthnCbor, KeysAscendAndStandOnce) {
  const Bytes bytes{0xa3, 0x01, 0x05, 0x20, 0x06, 0x61, 'a', 0x07};
  const auto map = read(bytes);
  ASSERT_TRUE(map);
  EXPECT_EQ(map->size(), 3U);
  EXPECT_EQ(map->find(1)->as_integer(), 5);
  EXPECT_EQ(map->find(-1)->as_integer(), 6);
  EXPECT_EQ(map->find("a")->as_integer(), 7);
  EXPECT_FALSE(map->find(2));
  EXPECT_FALSE(map->find("b"));
  EXPECT_FALSE(read({0xa2, 0x01, 0x05, 0x01, 0x06}));
  EXPECT_FALSE(read({0xa2, 0x20, 0x05, 0x01, 0x06}));
  EXPECT_FALSE(read({0xa2, 0x62, 'a', 'a', 0x05, 0x61, 'b', 0x06}));
  EXPECT_FALSE(read({0xa1, 0x41, 'a', 0x05}));
  EXPECT_FALSE(read({0xa1, 0x80, 0x05}));
}

TEST(WebauthnCbor, FourContainersInOneAnotherAreTheMost) {
  EXPECT_TRUE(read({0x81, 0x81, 0x81, 0x81, 0x00}));
  EXPECT_FALSE(read({0x81, 0x81, 0x81, 0x81, 0x80}));
  EXPECT_FALSE(read(Bytes(10'000, 0x81)));
}

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// Five bytes of the first make libcbor take gigabytes.
TEST(WebauthnCbor, HostileInputCostsAMillisecondAtMost) {
  Bytes many_keys{0xb9, 0x7f, 0x00};
  for (unsigned key = 0; key < 0x7f00 && many_keys.size() < 65'536; ++key) {
    test::append_head(many_keys, 0, key);
    many_keys.push_back(0);
  }
  Bytes long_keys{0xb9, 0x00, 0x40};
  for (std::uint8_t i = 0; i < 64; ++i) {
    Bytes text(1000, 'a');
    text.back() = static_cast<std::uint8_t>('0' + i);
    test::append_head(long_keys, 3, text.size());
    test::append(long_keys, text);
    long_keys.push_back(0);
  }
  for (const Bytes& bytes :
       {Bytes{0x9a, 0x0f, 0xff, 0xff, 0xff}, Bytes{0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
        Bytes(65'536, 0x81), Bytes(65'536, 0xa1), Bytes(65'536, 0x9f), Bytes(65'536, 0x40), many_keys,
        long_keys}) {
    double best = 1;
    for (int round = 0; round < 20; ++round) {
      const double before = cpu_seconds();
      if (const auto item = Cbor::read_prefix(bytes)) item->find("none of these");
      best = std::min(best, cpu_seconds() - before);
    }
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    EXPECT_LT(best, 0.02) << static_cast<int>(bytes[0]);
#else
    EXPECT_LT(best, 0.001) << static_cast<int>(bytes[0]);
#endif
  }
}

}  // namespace
}  // namespace latchkey::crypto::webauthn
