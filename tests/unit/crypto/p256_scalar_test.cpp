#include "crypto/jose/p256_scalar.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>

#include <memory>

#include "unit/crypto/fixtures.h"

namespace latchkey::crypto::p256_scalar_test {
namespace {

using namespace test;
using jose::P256Scalar;

constexpr std::string_view order_hex = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

P256Scalar scalar(std::string_view digits) {
  const Bytes bytes = from_hex_text(digits);
  return P256Scalar::reduce(ByteView{bytes}.first<32>());
}

struct FreeNumber {
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(BN_CTX* scratch) const { BN_CTX_free(scratch); }
};
using Number = std::unique_ptr<BIGNUM, FreeNumber>;

Number number(ByteView bytes) {
  return Number{BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr)};
}

TEST(P256Scalar, F58_computes_what_openssl_computes) {
  const Bytes order_bytes = from_hex_text(order_hex);
  const Number order = number(order_bytes);
  const std::unique_ptr<BN_CTX, FreeNumber> scratch{BN_CTX_new()};
  const auto digits_of = [](const BIGNUM* value) {
    Bytes bytes(32);
    EXPECT_EQ(BN_bn2binpad(value, bytes.data(), 32), 32);
    return hex(bytes);
  };
  RandomBytes random(58);
  for (int i = 0; i < 4000; ++i) {
    Bytes a = random.bytes(32);
    Bytes b = random.bytes(32);
    // Where carries and reductions are rare: long runs of ones and of zeros, and what is near n.
    if (i % 4 == 1) std::fill_n(a.begin(), random.below(33), 0xff);
    if (i % 4 == 2) std::fill_n(b.begin(), random.below(33), 0x00);
    if (i % 16 == 3) std::copy_n(order_bytes.begin(), 31, a.begin());
    if (i % 16 == 7) std::copy_n(order_bytes.begin(), 31, b.begin());
    const Number x = number(a);
    const Number y = number(b);
    const Number expected{BN_new()};
    const P256Scalar left = P256Scalar::reduce(ByteView{a}.first<32>());
    const P256Scalar right = P256Scalar::reduce(ByteView{b}.first<32>());
    ASSERT_EQ(BN_nnmod(expected.get(), x.get(), order.get(), scratch.get()), 1);
    EXPECT_EQ(hex(left.to_bytes()), digits_of(expected.get()));
    ASSERT_EQ(BN_mod_add(expected.get(), x.get(), y.get(), order.get(), scratch.get()), 1);
    EXPECT_EQ(hex((left + right).to_bytes()), digits_of(expected.get()));
    ASSERT_EQ(BN_mod_mul(expected.get(), x.get(), y.get(), order.get(), scratch.get()), 1);
    EXPECT_EQ(hex((left * right).to_bytes()), digits_of(expected.get()));
    if (i % 8 == 0 && BN_mod_inverse(expected.get(), x.get(), order.get(), scratch.get()) != nullptr) {
      EXPECT_EQ(hex(left.inverse().to_bytes()), digits_of(expected.get()));
    }
  }
}

TEST(P256Scalar, F58_has_edges) {
  const std::string zeros(64, '0');
  const P256Scalar one = scalar(std::string(63, '0') + '1');
  const P256Scalar last = scalar(with(std::string{order_hex}, "2551", "2550"));
  EXPECT_TRUE(scalar(zeros).is_zero());
  EXPECT_TRUE(scalar(order_hex).is_zero());
  EXPECT_TRUE((last + one).is_zero());
  EXPECT_EQ(last * last, one);
  EXPECT_EQ(last.inverse(), last);
  EXPECT_TRUE(scalar(zeros).inverse().is_zero());
  const auto in_range = [](const std::string& digits) {
    const Bytes bytes = from_hex_text(digits);
    return P256Scalar::is_in_range(ByteView{bytes}.first<32>());
  };
  EXPECT_TRUE(in_range(std::string(63, '0') + '1'));
  EXPECT_TRUE(in_range(with(std::string{order_hex}, "2551", "2550")));
  EXPECT_FALSE(in_range(zeros));
  EXPECT_FALSE(in_range(std::string{order_hex}));
  EXPECT_FALSE(in_range(std::string(64, 'f')));
}

/// RFC 6979 §A.2.5, SHA-256, message "sample": key, nonce, digest, r and s of one signature.
TEST(P256Scalar, F58_satisfies_the_equation_of_ecdsa_for_the_vector_of_rfc_6979) {
  const P256Scalar key = scalar("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
  const P256Scalar nonce = scalar("a6e3c57dd01abe90086538398355dd4c3b17aa873382b0f24d6129493d8aad60");
  const P256Scalar digest = scalar("af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf");
  const P256Scalar r = scalar("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716");
  const P256Scalar s = scalar("f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
  EXPECT_EQ(nonce.inverse() * (digest + r * key), s);
  EXPECT_EQ(s * nonce, digest + r * key);
}

}  // namespace
}  // namespace latchkey::crypto::p256_scalar_test
