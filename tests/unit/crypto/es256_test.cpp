#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <set>
#include <thread>

#include "unit/crypto/fixtures.h"

namespace latchkey::crypto {
namespace {

using namespace test;

constexpr std::string_view order_hex = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
constexpr std::string_view zero_hex = "0000000000000000000000000000000000000000000000000000000000000000";
constexpr std::string_view one_hex = "0000000000000000000000000000000000000000000000000000000000000001";

jose::P256Point point_from(std::string_view x, std::string_view y) {
  jose::P256Point point;
  EXPECT_TRUE(decode_base64url(x, point.x));
  EXPECT_TRUE(decode_base64url(y, point.y));
  return point;
}

// RFC 7515 A.3.
const std::string rfc_token =
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
    "fQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

jose::VerifyKey rfc_key() {
  auto key = jose::VerifyKey::from_point(point_from("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                                                    "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"));
  EXPECT_TRUE(key);
  return std::move(*key);
}

TEST(Es256, verifies_the_example_of_rfc_7515_a_3) {
  const jose::VerifyKey key = rfc_key();
  const std::size_t dot = rfc_token.rfind('.');
  const Bytes signature = *decode_base64url(std::string_view{rfc_token}.substr(dot + 1));
  const ByteView input = view_bytes(std::string_view{rfc_token}).first(dot);
  EXPECT_TRUE(key.verify(input, signature));
  EXPECT_FALSE(key.verify(input.first(dot - 1), signature));
}

TEST(Es256, refuses_every_one_bit_flip) {
  const jose::SigningKey key = jose::SigningKey::generate();
  const jose::VerifyKey verify_key = key.verify_key();
  const std::string message = "eyJh.bGci";
  const jose::Es256Signature signature = key.sign(view_bytes(message), test_nonces());
  ASSERT_TRUE(verify_key.verify(view_bytes(message), signature));
  for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
    jose::Es256Signature changed = signature;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
    EXPECT_FALSE(verify_key.verify(view_bytes(message), changed)) << "signature bit " << bit;
  }
  for (std::size_t bit = 0; bit < message.size() * 8; ++bit) {
    std::string changed = message;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(verify_key.verify(view_bytes(changed), signature)) << "message bit " << bit;
  }
}

TEST(Es256, T07_refuses_r_and_s_out_of_range) {
  const jose::VerifyKey key = rfc_key();
  const std::array<std::string, 5> edges = {
      std::string{zero_hex}, std::string{one_hex}, std::string{order_hex},
      with(std::string{order_hex}, "2551", "2552"), std::string(64, 'f')};
  for (const std::string& r : edges) {
    for (const std::string& s : edges) {
      EXPECT_FALSE(key.verify(view_bytes("any message"), from_hex_text(r + s))) << r << ' ' << s;
    }
  }
}

TEST(Es256, T07_refuses_s_plus_n_and_the_like) {
  // r + n and s + n name the same numbers modulo n; a verifier that reduces first would take them.
  const jose::SigningKey key = jose::SigningKey::generate();
  const jose::VerifyKey verify_key = key.verify_key();
  const Bytes order = from_hex_text(order_hex);
  int tried = 0;
  for (int attempt = 0; attempt < 200; ++attempt) {
    const std::string message = "message " + std::to_string(attempt);
    const jose::Es256Signature signature = key.sign(view_bytes(message), test_nonces());
    for (const std::size_t half : {0U, 32U}) {
      jose::Es256Signature changed = signature;
      int carry = 0;
      for (std::size_t i = 32; i-- > 0;) {
        const int sum = changed[half + i] + order[i] + carry;
        changed[half + i] = static_cast<std::uint8_t>(sum);
        carry = sum >> 8;
      }
      if (carry != 0) continue;  // does not fit 32 bytes
      ++tried;
      EXPECT_FALSE(verify_key.verify(view_bytes(message), changed));
      EXPECT_FALSE(key.made(view_bytes(message), changed, test_nonces()));
    }
  }
  SUCCEED() << tried << " fitted";
}

TEST(Es256, T07_refuses_der_and_other_lengths) {
  const jose::SigningKey key = jose::SigningKey::generate();
  const jose::VerifyKey verify_key = key.verify_key();
  const jose::Es256Signature signature = key.sign(view_bytes("message"), test_nonces());
  std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair{ECDSA_SIG_new(), ECDSA_SIG_free};
  ECDSA_SIG_set0(pair.get(), BN_bin2bn(signature.data(), 32, nullptr),
                 BN_bin2bn(signature.data() + 32, 32, nullptr));
  Bytes der(80);
  std::uint8_t* end = der.data();
  der.resize(static_cast<std::size_t>(i2d_ECDSA_SIG(pair.get(), &end)));
  EXPECT_FALSE(verify_key.verify(view_bytes("message"), der));

  Bytes longer(signature.begin(), signature.end());
  longer.push_back(0);
  EXPECT_FALSE(verify_key.verify(view_bytes("message"), longer)) << "65 bytes";
  longer.insert(longer.begin(), 0);
  EXPECT_FALSE(verify_key.verify(view_bytes("message"), longer)) << "66 bytes";
  EXPECT_FALSE(verify_key.verify(view_bytes("message"), ByteView{signature}.first(63))) << "63 bytes";
  EXPECT_FALSE(verify_key.verify(view_bytes("message"), {})) << "no bytes";
}

TEST(Es256, takes_only_points_of_the_curve) {
  jose::P256Point point = jose::SigningKey::generate().point();
  EXPECT_TRUE(jose::VerifyKey::from_point(point));
  point.y[31] ^= 1;
  EXPECT_FALSE(jose::VerifyKey::from_point(point));
  EXPECT_FALSE(jose::VerifyKey::from_point({}));
  jose::P256Point too_big;
  too_big.x.fill(0xff);
  EXPECT_FALSE(jose::VerifyKey::from_point(too_big));
}

TEST(Es256, takes_only_uncompressed_points) {
  const jose::SigningKey key = jose::SigningKey::generate();
  const jose::VerifyKey verify_key = key.verify_key();
  const auto bytes = verify_key.to_uncompressed();
  const auto again = jose::VerifyKey::from_uncompressed(bytes);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->point(), key.point());
  EXPECT_TRUE(again->verify(view_bytes("m"), key.sign(view_bytes("m"), test_nonces())));

  auto compressed = bytes;
  compressed[0] = static_cast<std::uint8_t>(2 + (bytes[64] & 1));
  EXPECT_FALSE(jose::VerifyKey::from_uncompressed(compressed));
  EXPECT_FALSE(jose::VerifyKey::from_uncompressed(ByteView{compressed}.first(33)));
  EXPECT_FALSE(jose::VerifyKey::from_uncompressed({}));
}

TEST(Es256, private_keys_go_through_pkcs8) {
  const jose::SigningKey key = jose::SigningKey::generate();
  const Secret der = key.to_pkcs8();
  const auto again = jose::SigningKey::from_pkcs8(der);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->point(), key.point());
  EXPECT_TRUE(key.verify_key().verify(view_bytes("m"), again->sign(view_bytes("m"), test_nonces())));

  for (std::size_t size = 0; size < der.size(); ++size) {
    EXPECT_FALSE(jose::SigningKey::from_pkcs8(Secret{der.bytes().first(size)})) << size << " bytes";
  }
  EXPECT_FALSE(jose::SigningKey::from_pkcs8(Secret{std::string{der.text()} + "x"})) << "a trailing byte";
}

Secret pkcs8_of(EVP_PKEY* owned) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{owned, EVP_PKEY_free};
  const std::unique_ptr<PKCS8_PRIV_KEY_INFO, decltype(&PKCS8_PRIV_KEY_INFO_free)> info{
      EVP_PKEY2PKCS8(key.get()), PKCS8_PRIV_KEY_INFO_free};
  unsigned char* der = nullptr;
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info.get(), &der);
  Secret secret{ByteView{der, static_cast<std::size_t>(size)}};
  OPENSSL_clear_free(der, static_cast<std::size_t>(size));
  return secret;
}

TEST(Es256, refuses_private_keys_of_other_kinds) {
  EXPECT_FALSE(jose::SigningKey::from_pkcs8(pkcs8_of(EVP_EC_gen("P-384"))));
  EXPECT_FALSE(jose::SigningKey::from_pkcs8(pkcs8_of(EVP_EC_gen("secp256k1"))));
  EXPECT_FALSE(jose::SigningKey::from_pkcs8(pkcs8_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"))));
}

TEST(Es256, F58_a_key_knows_its_signatures_again) {
  const HmacKey others{Secret{"nonces of another master secret"}};
  for (int i = 0; i < 200; ++i) {
    const jose::SigningKey key = jose::SigningKey::generate();
    const std::string message = "message " + std::to_string(i);
    const auto signature = key.sign(view_bytes(message), test_nonces());
    EXPECT_TRUE(key.verify_key().verify(view_bytes(message), signature))
        << "an ordinary signature for all others";
    EXPECT_TRUE(key.made(view_bytes(message), signature, test_nonces()));
    EXPECT_EQ(key.sign(view_bytes(message), test_nonces()), signature) << "one message has one signature";

    const auto of_others = key.sign(view_bytes(message), others);
    EXPECT_TRUE(key.verify_key().verify(view_bytes(message), of_others));
    EXPECT_FALSE(key.made(view_bytes(message), of_others, test_nonces())) << "right, and not recognised";
    EXPECT_FALSE(key.made(view_bytes(message + "x"), signature, test_nonces()));
    EXPECT_FALSE(jose::SigningKey::generate().made(view_bytes(message), signature, test_nonces()));
  }
}

TEST(Es256, F58_recognises_no_signature_but_its_own) {
  const jose::SigningKey key = jose::SigningKey::generate();
  const std::string message = "eyJh.bGci";
  const auto signature = key.sign(view_bytes(message), test_nonces());
  ASSERT_TRUE(key.made(view_bytes(message), signature, test_nonces()));
  for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
    jose::Es256Signature changed = signature;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
    EXPECT_FALSE(key.made(view_bytes(message), changed, test_nonces())) << bit;
  }
  for (const std::size_t size : {0U, 32U, 63U})
    EXPECT_FALSE(key.made(view_bytes(message), ByteView{signature}.first(size), test_nonces())) << size;
  Bytes longer(signature.begin(), signature.end());
  longer.push_back(0);
  EXPECT_FALSE(key.made(view_bytes(message), longer, test_nonces()));
  EXPECT_FALSE(key.made(view_bytes(message), Bytes(64), test_nonces()));
  EXPECT_FALSE(key.made(view_bytes(message), from_hex_text(std::string{order_hex} + std::string{order_hex}),
                        test_nonces()));

  // n - s is right for whoever verifies (ECDSA does not tell the two apart), and not what the key made.
  jose::Es256Signature mirrored = signature;
  const Bytes order = from_hex_text(order_hex);
  int borrow = 0;
  for (std::size_t i = 32; i-- > 0;) {
    const int difference = order[i] - mirrored[32 + i] - borrow;
    mirrored[32 + i] = static_cast<std::uint8_t>(difference);
    borrow = difference < 0 ? 1 : 0;
  }
  EXPECT_TRUE(key.verify_key().verify(view_bytes(message), mirrored));
  EXPECT_FALSE(key.made(view_bytes(message), mirrored, test_nonces()));
}

TEST(Es256, F58_no_two_messages_keys_or_masters_share_a_nonce) {
  const HmacKey others{Secret{"others"}};
  std::set<std::string> seen;  // r follows from the nonce alone
  int made = 0;
  for (int k = 0; k < 10; ++k) {
    const jose::SigningKey key = jose::SigningKey::generate();
    for (int i = 0; i < 50; ++i) {
      for (const HmacKey* nonces : {&test_nonces(), &others}) {
        const auto signature = key.sign(view_bytes("message " + std::to_string(i)), *nonces);
        seen.insert(hex(ByteView{signature}.first(32)));
        ++made;
      }
    }
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(made));
}

TEST(Es256, one_key_serves_many_threads) {
  const jose::SigningKey key = jose::SigningKey::generate();
  const jose::VerifyKey verify_key = key.verify_key();
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 50; ++k) {
        wrong += verify_key.verify(view_bytes("m"), key.sign(view_bytes("m"), test_nonces())) ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Es256, keeps_keys_apart_that_share_a_place_of_the_cache) {
  std::vector<jose::SigningKey> keys;
  std::vector<jose::VerifyKey> verify_keys;
  for (int i = 0; i < 40; ++i) {
    keys.push_back(jose::SigningKey::generate());
    verify_keys.push_back(keys.back().verify_key());
    static_cast<void>(keys.back().sign(view_bytes("m"), test_nonces()));
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const jose::Es256Signature signature = keys[i].sign(view_bytes("m"), test_nonces());
    EXPECT_TRUE(verify_keys[i].verify(view_bytes("m"), signature));
    EXPECT_FALSE(verify_keys[(i + 16) % keys.size()].verify(view_bytes("m"), signature));
  }
}

TEST(KeySet, T18_publishes_public_members_only) {
  const jose::SigningKey key = jose::SigningKey::generate();
  const jose::SigningKey second = jose::SigningKey::generate();
  std::vector<jose::NamedVerifyKey> keys;
  keys.push_back({jose::key_id(key.point()), key.verify_key()});
  keys.push_back({jose::key_id(second.point()), second.verify_key()});
  const jose::KeySet set{std::move(keys)};
  const auto jwk = [](const jose::SigningKey& of) {
    return R"({"kty":"EC","crv":"P-256","x":")" + encode_base64url(of.point().x) + R"(","y":")" +
           encode_base64url(of.point().y) + R"(","use":"sig","alg":"ES256","kid":")" +
           jose::key_id(of.point()) + "\"}";
  };
  EXPECT_EQ(set.jwks(), "{\"keys\":[" + jwk(key) + ',' + jwk(second) + "]}");
  EXPECT_EQ(jose::KeySet{}.jwks(), R"({"keys":[]})");
  EXPECT_EQ(set.find(jose::key_id(second.point()))->point(), second.point());
  EXPECT_EQ(set.find(""), nullptr);
  EXPECT_EQ(set.find("other"), nullptr);
}

TEST(KeySet, names_keys_by_their_thumbprint) {
  // The key of RFC 7515 A.3 and its thumbprint (RFC 7638), computed by another program.
  EXPECT_EQ(jose::key_id(rfc_key().point()), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
}

}  // namespace
}  // namespace latchkey::crypto
