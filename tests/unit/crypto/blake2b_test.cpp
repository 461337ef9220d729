#include "crypto/password/blake2b.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <array>

#include "unit/crypto/fixtures.h"

namespace latchkey::crypto {
namespace {

using namespace test;

Bytes digest_of(std::size_t size, ByteView message) {
  Bytes digest(size);
  password::Blake2b{size}.update(message).finish(digest);
  return digest;
}

/// The bytes that RFC 7693's self-test hashes (Appendix E).
Bytes sequence(std::size_t size, std::uint32_t seed) {
  std::uint32_t a = 0xdead4bad * seed;
  std::uint32_t b = 1;
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) {
    const std::uint32_t sum = a + b;
    a = b;
    b = sum;
    byte = static_cast<std::uint8_t>(sum >> 24);
  }
  return bytes;
}

TEST(Blake2b, gives_the_digest_of_rfc_7693_appendix_a) {
  EXPECT_EQ(hex(digest_of(64, view_bytes("abc"))),
            "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
            "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
}

TEST(Blake2b, gives_the_digest_of_the_unkeyed_half_of_rfc_7693_appendix_e) {
  // The RFC's own sum also covers keyed digests, which this class does not make; this sum, of the others, is
  // from Python's hashlib.
  password::Blake2b all{32};
  for (const std::size_t size : {20, 32, 48, 64}) {
    for (const std::uint32_t length : {0, 3, 128, 129, 255, 1024})
      all.update(digest_of(size, sequence(length, length)));
  }
  Bytes digest(32);
  all.finish(digest);
  EXPECT_EQ(hex(digest), "681f345ad53c6360214ea500fd259edddbca775f605fad81b9b189d6d88e15c6");
}

TEST(Blake2b, hashes_the_length_of_the_digest_along) {
  EXPECT_EQ(hex(digest_of(1, {})), "2e");
  EXPECT_NE(hex(digest_of(2, {})).substr(0, 2), "2e");
}

TEST(Blake2b, agrees_with_openssl_however_the_message_comes_in_parts) {
  RandomBytes random{1};
  for (std::size_t length = 0; length < 400; ++length) {
    const Bytes message = random.bytes(length);
    std::array<std::uint8_t, 64> wanted{};
    ASSERT_EQ(EVP_Digest(message.data(), message.size(), wanted.data(), nullptr, EVP_blake2b512(), nullptr),
              1);
    password::Blake2b parts{64};
    for (ByteView left{message}; !left.empty();) {
      const std::size_t part = std::min<std::size_t>(left.size(), random.below(200));
      parts.update(left.first(part));
      left = left.subspan(part);
    }
    std::array<std::uint8_t, 64> digest{};
    parts.finish(digest);
    ASSERT_EQ(digest, wanted) << length;
  }
}

TEST(Blake2b, numbers_begin_with_their_lowest_byte) {
  const std::array<std::uint8_t, 4> bytes{4, 3, 2, 1};
  Bytes digest(16);
  password::Blake2b{16}.update_le32(0x01020304).finish(digest);
  EXPECT_EQ(digest, digest_of(16, bytes));
}

TEST(Blake2b, refuses_sizes_that_it_has_not) {
  EXPECT_THROW(password::Blake2b{0}, std::invalid_argument);
  EXPECT_THROW(password::Blake2b{65}, std::invalid_argument);
  Bytes short_one(31);
  EXPECT_THROW(password::Blake2b{32}.finish(short_one), std::invalid_argument);
}

}  // namespace
}  // namespace latchkey::crypto
