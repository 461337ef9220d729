#include "crypto/jose/confirmation_token.h"

#include <gtest/gtest.h>

#include "crypto/jose/access_token.h"
#include "crypto/jose/refresh_token.h"
#include "unit/crypto/fixtures.h"

namespace latchkey::crypto::confirmation_token_test {
namespace {

using namespace test;

const HmacKey& key() {
  static const HmacKey made{Secret{std::string(32, 'c')}};
  return made;
}

std::optional<jose::ConfirmationClaims> verify(std::string_view token) {
  const std::array<const HmacKey*, 1> keys{&key()};
  return jose::verify_confirmation_token(token, keys);
}

jose::ConfirmationClaims good_claims() {
  return {*parse_id<LinkId>("000102030405060708090a0b0c0d0e0f"),
          *parse_subject("123e4567-e89b-42d3-a456-426614174000"),
          jose::address_fingerprint("user@example.com"), 1'800'000'000, 1'800'086'400};
}

const std::string header = R"({"alg":"HS256","typ":"ec+jwt"})";
const std::string payload =
    R"({"jti":"000102030405060708090a0b0c0d0e0f","sub":"123e4567-e89b-42d3-a456-426614174000",)"
    R"("adr":"tMmiiTI7IaAcPpQPFQ65uA","iat":1800000000,"exp":1800086400})";

TEST(ConfirmationToken, is_written_in_one_fixed_form) {
  EXPECT_EQ(jose::make_confirmation_token(good_claims(), key()), sign_with(key(), header, payload));
  EXPECT_EQ(verify(jose::make_confirmation_token(good_claims(), key())), good_claims());
}

TEST(ConfirmationToken, C09_is_bound_to_its_address) {
  EXPECT_NE(jose::address_fingerprint("user@example.com"), jose::address_fingerprint("user@example.org"));
  EXPECT_EQ(encode_base64url(jose::address_fingerprint("user@example.com").bytes), "tMmiiTI7IaAcPpQPFQ65uA");
}

TEST(ConfirmationToken, tells_nothing_of_the_address_in_clear) {
  EXPECT_EQ(payload.find("user"), std::string::npos);
  EXPECT_EQ(payload.find("example"), std::string::npos);
}

TEST(ConfirmationToken, refuses_every_one_bit_flip) {
  const std::string token = jose::make_confirmation_token(good_claims(), key());
  for (std::size_t bit = 0; bit < token.size() * 8; ++bit) {
    std::string changed = token;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(verify(changed)) << "bit " << bit;
  }
  for (std::size_t size = 0; size < token.size(); ++size) EXPECT_FALSE(verify(token.substr(0, size)));
}

TEST(ConfirmationToken, C04_refuses_every_other_kind_of_token) {
  EXPECT_FALSE(verify(jose::make_refresh_token({}, key()))) << "even under the same key";
  EXPECT_FALSE(verify(jose::make_access_token({}, jose::access_token_start("kid"),
                                              jose::SigningKey::generate(), test_nonces())));
  EXPECT_FALSE(verify(jose::make_confirmation_token(good_claims(), HmacKey{Secret{"another"}})));
  const std::array<const HmacKey*, 1> keys{&key()};
  EXPECT_FALSE(jose::verify_refresh_token(jose::make_confirmation_token(good_claims(), key()), keys));
}

TEST(ConfirmationToken, refuses_what_we_would_not_write_though_rightly_signed) {
  EXPECT_TRUE(verify(sign_with(key(), header, payload)));
  for (const std::string& other :
       {with(payload, "0a0b", "0A0B"), with(payload, ",", ", "), with(payload, "}", R"(,"x":1})"),
        with(payload, R"("adr":"tMmiiTI7IaAcPpQPFQ65uA",)", ""), with(payload, "5uA", "5uB"),
        with(payload, "5uA", "5u"), with(payload, "123e4567-e89b", "123e4567_e89b"),
        with(payload, ":1800000000", ":01800000000"), with(payload, ":1800000000", ":1.8e9"), payload + "\n",
        std::string{"{}"}}) {
    EXPECT_FALSE(verify(sign_with(key(), header, other))) << other;
  }
  EXPECT_FALSE(verify(sign_with(key(), with(header, "HS256", "none"), payload)));
  EXPECT_FALSE(verify(sign_with(key(), with(header, "ec+jwt", "JWT"), payload)));
}

}  // namespace
}  // namespace latchkey::crypto::confirmation_token_test
