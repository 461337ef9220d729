#include "crypto/webauthn/ed25519_point.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "crypto/openssl.h"
#include "crypto/random.h"

namespace latchkey::crypto::webauthn {
namespace {

Bytes bytes_of(std::string_view hexadecimal) {
  Bytes bytes;
  for (std::size_t i = 0; i < hexadecimal.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(std::string(hexadecimal.substr(i, 2)), nullptr, 16)));
  return bytes;
}

TEST(Ed25519Point, KeysThatSomebodyHasArePoints) {
  // RFC 8032 §7.1.
  for (const std::string_view key : {"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                                     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
                                     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"})
    EXPECT_TRUE(is_ed25519_point(bytes_of(key))) << key;
  for (int i = 0; i < 50; ++i) {
    const OpensslPtr<EVP_PKEY, EVP_PKEY_free> pair{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")};
    Bytes key(32);
    std::size_t size = key.size();
    ASSERT_EQ(EVP_PKEY_get_raw_public_key(pair.get(), key.data(), &size), 1);
    EXPECT_TRUE(is_ed25519_point(key));
  }
}

TEST(Ed25519Point, L56_PointsOfSmallOrderAreNoKeys) {
  // With these, S = 0 and a suitable R sign any message.
  for (const std::string_view key : {"0100000000000000000000000000000000000000000000000000000000000000",
                                     "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                                     "0000000000000000000000000000000000000000000000000000000000000000",
                                     "0000000000000000000000000000000000000000000000000000000000000080",
                                     "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
                                     "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
                                     "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
                                     "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"})
    EXPECT_FALSE(is_ed25519_point(bytes_of(key))) << key;
}

TEST(Ed25519Point, L56_WhatIsNoPointOrInAnotherSpellingIsNoKey) {
  for (const std::string_view key :
       {"0200000000000000000000000000000000000000000000000000000000000000",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "00", ""})
    EXPECT_FALSE(is_ed25519_point(bytes_of(key))) << key;
  int points = 0;
  for (int i = 0; i < 400; ++i) {
    const auto random = random_array<32>();
    points += is_ed25519_point(random) ? 1 : 0;
  }
  EXPECT_NEAR(points, 200, 70) << "every second y has an x";
}

}  // namespace
}  // namespace latchkey::crypto::webauthn
