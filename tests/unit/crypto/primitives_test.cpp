#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "crypto/hkdf.h"
#include "crypto/random.h"
#include "crypto/seal.h"
#include "unit/crypto/fixtures.h"

namespace latchkey::crypto {
namespace {

using namespace test;

TEST(Random, gives_uuids_of_version_4) {
  for (int i = 0; i < 200; ++i) {
    const std::string text = to_string(new_subject());
    EXPECT_EQ(text[14], '4');
    EXPECT_NE(std::string_view("89ab").find(text[19]), std::string_view::npos);
    EXPECT_TRUE(parse_subject(text));
  }
}

TEST(Random, C05_never_gives_the_same_id_twice) {
  std::set<std::string> seen;
  for (int i = 0; i < 20000; ++i) {
    EXPECT_TRUE(seen.insert(to_string(new_session_id())).second);
    EXPECT_TRUE(seen.insert(to_string(new_link_id())).second);
    EXPECT_TRUE(seen.insert(new_token_id()).second);
  }
}

TEST(Random, sets_every_bit_now_and_then) {
  std::array<std::uint8_t, 16> ones{};
  std::array<std::uint8_t, 16> zeros{};
  for (int i = 0; i < 200; ++i) {
    const auto bytes = new_session_id().bytes;
    for (std::size_t k = 0; k < bytes.size(); ++k) {
      ones[k] |= bytes[k];
      zeros[k] |= static_cast<std::uint8_t>(~bytes[k]);
    }
  }
  EXPECT_EQ(hex(ones), std::string(32, 'f'));
  EXPECT_EQ(hex(zeros), std::string(32, 'f'));
}

TEST(Sha256, gives_the_digests_of_fips_180_4) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex(sha256(std::string(1000000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

struct HmacCase {
  std::string key;
  std::string message;
  std::string tag;
};

// RFC 4231, cases 1 to 4, 6 and 7 (5 is a truncated tag, which nothing here uses).
const std::vector<HmacCase> rfc_4231 = {
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", hex(view_bytes("Hi There")),
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {"4a656665", hex(view_bytes("what do ya want for nothing?")),
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {std::string(40, 'a'),
     [] {
       std::string m;
       for (int i = 0; i < 50; ++i) m += "dd";
       return m;
     }(),
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {"0102030405060708090a0b0c0d0e0f10111213141516171819",
     [] {
       std::string m;
       for (int i = 0; i < 50; ++i) m += "cd";
       return m;
     }(),
     "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
    {std::string(262, 'a'), hex(view_bytes("Test Using Larger Than Block-Size Key - Hash Key First")),
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {std::string(262, 'a'),
     hex(view_bytes(
         "This is a test using a larger than block-size key and a larger than block-size data. The key "
         "needs to be hashed before being used by the HMAC algorithm.")),
     "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
};

TEST(Hmac, gives_the_tags_of_rfc_4231) {
  for (const HmacCase& row : rfc_4231) {
    const HmacKey key{secret_from_hex(row.key)};
    const Bytes message = from_hex_text(row.message);
    EXPECT_EQ(hex(key.tag(ByteView{message})), row.tag);
    EXPECT_EQ(hex(key.tag(ByteView{message})), row.tag) << "the second tag of the same key";
    Bytes tag = from_hex_text(row.tag);
    EXPECT_TRUE(key.verify(view_text(message), tag));
    tag.pop_back();
    EXPECT_FALSE(key.verify(view_text(message), tag)) << "31 bytes";
    EXPECT_FALSE(key.verify(view_text(message), {})) << "no bytes";
  }
}

TEST(Hmac, takes_an_empty_key) {
  EXPECT_EQ(hex(HmacKey{Secret{}}.tag("")),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Hmac, keeps_keys_apart) {
  std::vector<HmacKey> keys;
  std::vector<std::string> tags;
  for (int i = 0; i < 50; ++i) {
    keys.emplace_back(Secret{std::to_string(i)});
    tags.push_back(hex(keys.back().tag("message")));
  }
  EXPECT_EQ(std::set<std::string>(tags.begin(), tags.end()).size(), tags.size());
  for (int i = 0; i < 50; ++i) EXPECT_EQ(hex(keys[i].tag("message")), tags[i]);
}

TEST(Hmac, one_key_serves_many_threads) {
  const HmacKey key{Secret{"shared"}};
  const std::string right = hex(key.tag("message"));
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 500; ++k) wrong += hex(key.tag("message")) == right ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

std::string hkdf(std::string_view key_material, std::string_view salt, std::string_view info,
                 std::size_t length) {
  const Secret out =
      hkdf_sha256(from_hex_text(key_material), from_hex_text(salt), from_hex_text(info), length);
  return hex(out.bytes());
}

TEST(Hkdf, gives_the_keys_of_rfc_5869) {
  EXPECT_EQ(hkdf("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
                 "f0f1f2f3f4f5f6f7f8f9", 42),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  std::string key_material;
  std::string salt;
  std::string info;
  for (int i = 0; i < 80; ++i) {
    const auto byte = static_cast<std::uint8_t>(i);
    const std::uint8_t salt_byte = byte + 0x60;
    const std::uint8_t info_byte = byte + 0xb0;
    key_material += to_hex(&byte, 1);
    salt += to_hex(&salt_byte, 1);
    info += to_hex(&info_byte, 1);
  }
  EXPECT_EQ(hkdf(key_material, salt, info, 82),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
            "da3275600c2f"
            "09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
  EXPECT_EQ(hkdf("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "", 42),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(Hkdf, derives_another_key_for_every_label_epoch_and_master) {
  const Secret master{std::string(32, 'm')};
  const Secret other{std::string(32, 'n')};
  std::set<std::string> keys;
  for (const Secret* from : {&master, &other}) {
    for (const std::string_view label : {"a", "b", "ab", ""}) {
      for (const std::int64_t epoch : {0, 1, 256, -1}) keys.insert(hex(derive(*from, label, epoch).bytes()));
    }
  }
  EXPECT_EQ(keys.size(), 32U);
  EXPECT_EQ(derive(master, "a", 1), derive(master, "a", 1));
  EXPECT_EQ(derive(master, "a", 1).size(), 32U);
}

TEST(Hkdf, keeps_the_derivation_that_stores_depend_on) {
  // Changing this signs everybody out and makes every stored signing key unreadable.
  EXPECT_EQ(hex(derive(Secret{std::string(32, 'm')}, "refresh-token", 1).bytes()),
            "500b20c06fec0202ce7eef0725ad9986d0e0c4ad9c2d8f3c9cde2eacad5069a0");
}

TEST(Seal, opens_what_it_sealed_and_nothing_else) {
  const Secret key{std::string(32, 'k')};
  const Secret other{std::string(32, 'l')};
  for (const std::string_view plaintext :
       {"", "x", "a private key of some length, longer than one block of AES"}) {
    const Bytes sealed = seal(key, view_bytes(plaintext), "kid");
    EXPECT_EQ(sealed.size(), plaintext.size() + 28);
    const auto opened = open(key, sealed, "kid");
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->text(), plaintext);
    EXPECT_FALSE(open(other, sealed, "kid"));
    EXPECT_FALSE(open(key, sealed, "kie"));
    EXPECT_FALSE(open(key, sealed, ""));
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
      Bytes changed = sealed;
      changed[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
      EXPECT_FALSE(open(key, changed, "kid")) << "bit " << bit;
    }
    for (std::size_t size = 0; size < sealed.size(); ++size) {
      EXPECT_FALSE(open(key, ByteView{sealed}.first(size), "kid")) << size << " bytes";
    }
  }
}

TEST(Seal, is_aes_256_gcm) {
  // Test case 16 of the GCM specification (McGrew and Viega), as stored by `seal`: nonce, ciphertext, tag.
  const Secret key = secret_from_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
  const Bytes sealed = from_hex_text(
      "cafebabefacedbaddecaf888"
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e"
      "6393ba7a0abc"
      "c9f662"
      "76fc6ece0f4e1768cddf8853bb2d551b");
  const Bytes data = from_hex_text("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const auto opened = open(key, sealed, view_text(data));
  ASSERT_TRUE(opened);
  EXPECT_EQ(hex(opened->bytes()),
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
            "b16aedf5aa0de6"
            "57ba637b39");
}

TEST(Seal, never_repeats_a_nonce) {
  const Secret key{std::string(32, 'k')};
  EXPECT_NE(seal(key, {}, ""), seal(key, {}, ""));
}

}  // namespace
}  // namespace latchkey::crypto
