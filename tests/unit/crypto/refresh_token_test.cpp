#include "crypto/jose/refresh_token.h"

#include <gtest/gtest.h>

#include <limits>

#include "crypto/jose/access_token.h"
#include "crypto/jose/confirmation_token.h"
#include "crypto/random.h"
#include "unit/crypto/fixtures.h"

namespace latchkey::crypto::refresh_token_test {
namespace {

using namespace test;

const HmacKey& current_key() {
  static const HmacKey key{Secret{std::string(32, 'c')}};
  return key;
}
const HmacKey& previous_key() {
  static const HmacKey key{Secret{std::string(32, 'p')}};
  return key;
}

jose::RefreshClaims good_claims() {
  return {*parse_id<SessionId>("000102030405060708090a0b0c0d0e0f"), 7, 1'800'000'000, 1'800'604'800};
}

std::optional<jose::RefreshClaims> verify(std::string_view token) {
  const std::array<const HmacKey*, 2> keys{&current_key(), &previous_key()};
  return jose::verify_refresh_token(token, keys);
}

const std::string header = R"({"alg":"HS256","typ":"rt+jwt"})";
const std::string payload =
    R"({"sid":"000102030405060708090a0b0c0d0e0f","gen":7,"iat":1800000000,"exp":1800604800})";

TEST(RefreshToken, is_written_in_one_fixed_form) {
  EXPECT_EQ(jose::make_refresh_token(good_claims(), current_key()),
            sign_with(current_key(), header, payload));
  // Byte for byte, whatever changes around it: tokens that are out there must stay theirs.
  EXPECT_EQ(jose::make_refresh_token(good_claims(), current_key()),
            "eyJhbGciOiJIUzI1NiIsInR5cCI6InJ0K2p3dCJ9."
            "eyJzaWQiOiIwMDAxMDIwMzA0MDUwNjA3MDgwOTBhMGIwYzBkMGUwZiIsImdlbiI6NywiaWF0IjoxODAwMDAwMDAwLCJleHAi"
            "OjE4MDA2MDQ4MDB9.warwm_ZtgWvBi1zRWsQ6MF_17cmR8a4_UbE4cPXIDk4");
}

TEST(RefreshToken, is_the_same_every_time) {
  const std::string token = jose::make_refresh_token(good_claims(), current_key());
  for (int i = 0; i < 100; ++i) EXPECT_EQ(jose::make_refresh_token(good_claims(), current_key()), token);
  EXPECT_EQ(jose::make_refresh_token(good_claims(), HmacKey{Secret{std::string(32, 'c')}}), token)
      << "after a restart";
}

TEST(RefreshToken, says_what_it_was_made_to_say) {
  EXPECT_EQ(verify(jose::make_refresh_token(good_claims(), current_key())), good_claims());
  for (const std::int64_t number :
       {std::int64_t{0}, std::int64_t{1}, std::numeric_limits<std::int64_t>::max()}) {
    const jose::RefreshClaims claims{new_session_id(), number, number, number};
    EXPECT_EQ(verify(jose::make_refresh_token(claims, current_key())), claims);
  }
}

TEST(RefreshToken, differs_with_every_claim) {
  const std::string token = jose::make_refresh_token(good_claims(), current_key());
  jose::RefreshClaims other = good_claims();
  other.generation++;
  EXPECT_NE(jose::make_refresh_token(other, current_key()), token);
  other = good_claims();
  other.iat++;
  EXPECT_NE(jose::make_refresh_token(other, current_key()), token);
  other = good_claims();
  other.sid.bytes[15]++;
  EXPECT_NE(jose::make_refresh_token(other, current_key()), token);
}

TEST(RefreshToken, takes_the_previous_master_secret) {
  EXPECT_EQ(verify(jose::make_refresh_token(good_claims(), previous_key())), good_claims());
  EXPECT_FALSE(verify(jose::make_refresh_token(good_claims(), HmacKey{Secret{"another"}})));
  EXPECT_FALSE(jose::verify_refresh_token(jose::make_refresh_token(good_claims(), current_key()), {}))
      << "no keys at all";
}

TEST(RefreshToken, leaves_its_expiry_to_the_flow) {
  jose::RefreshClaims claims = good_claims();
  claims.exp = 1;
  EXPECT_EQ(verify(jose::make_refresh_token(claims, current_key())), claims);
}

TEST(RefreshToken, refuses_every_one_bit_flip) {
  const std::string token = jose::make_refresh_token(good_claims(), current_key());
  for (std::size_t bit = 0; bit < token.size() * 8; ++bit) {
    std::string changed = token;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(verify(changed)) << "bit " << bit;
  }
}

TEST(RefreshToken, refuses_truncations_and_additions) {
  const std::string token = jose::make_refresh_token(good_claims(), current_key());
  for (std::size_t size = 0; size < token.size(); ++size) EXPECT_FALSE(verify(token.substr(0, size)));
  for (const std::string_view more : {".", "=", " ", "\n", "A", ".A", "#", "?"}) {
    EXPECT_FALSE(verify(token + std::string{more})) << more;
    EXPECT_FALSE(verify(std::string{more} + token)) << more;
  }
  EXPECT_FALSE(verify(token + std::string(1'000'000, 'A')));
}

TEST(RefreshToken, T11_refuses_every_other_kind_of_token) {
  const jose::SigningKey signing = jose::SigningKey::generate();
  EXPECT_FALSE(verify(jose::make_access_token({}, jose::access_token_start("kid"), signing, test_nonces())));
  EXPECT_FALSE(verify(sign_with(signing, header, payload)));
  EXPECT_FALSE(verify(jose::make_confirmation_token({}, current_key()))) << "even under the same key";
}

struct Row {
  std::string name;
  std::string header;
  std::string payload;
};

class RefusedRefreshToken : public testing::TestWithParam<Row> {};

/// Rightly signed, and still not what we write.
TEST_P(RefusedRefreshToken, is_refused) {
  EXPECT_FALSE(verify(sign_with(current_key(), GetParam().header, GetParam().payload)));
}

const std::vector<Row> refused = {
    {"T01_alg_none", with(header, "HS256", "none"), payload},
    {"T01_no_alg", R"({"typ":"rt+jwt"})", payload},
    {"T19_other_alg", with(header, "HS256", "HS512"), payload},
    {"T11_typ_jwt", with(header, "rt+jwt", "JWT"), payload},
    {"T11_typ_of_confirmation", with(header, "rt+jwt", "ec+jwt"), payload},
    {"header_with_space", R"({"alg":"HS256", "typ":"rt+jwt"})", payload},
    {"header_in_other_order", R"({"typ":"rt+jwt","alg":"HS256"})", payload},
    {"T06_header_with_crit", R"({"alg":"HS256","typ":"rt+jwt","crit":["x"]})", payload},
    {"space", header, with(payload, ",", ", ")},
    {"trailing_space", header, payload + " "},
    {"another_member", header, with(payload, "}", R"(,"x":1})")},
    {"T15_duplicate_member", header, with(payload, R"("gen":7)", R"("gen":7,"gen":7)")},
    {"other_order", header,
     R"({"gen":7,"sid":"000102030405060708090a0b0c0d0e0f","iat":1800000000,"exp":1800604800})"},
    {"gen_missing", header, with(payload, R"("gen":7,)", "")},
    {"gen_a_string", header, with(payload, ":7", ":\"7\"")},
    {"gen_a_float", header, with(payload, ":7", ":7.0")},
    {"gen_with_leading_zero", header, with(payload, ":7", ":07")},
    {"gen_with_plus", header, with(payload, ":7", ":+7")},
    {"gen_minus_zero", header, with(payload, ":7", ":-0")},
    {"gen_too_large", header, with(payload, ":7", ":9223372036854775808")},
    {"gen_empty", header, with(payload, ":7", ":")},
    {"T09_exp_missing", header, R"({"sid":"000102030405060708090a0b0c0d0e0f","gen":7,"iat":1800000000})"},
    {"sid_in_capitals", header, with(payload, "0a0b0c", "0A0B0C")},
    {"sid_short", header, with(payload, "0e0f", "0e")},
    {"sid_escaped", header, with(payload, "0001", "\\u0030001")},
    {"no_json", header, "hello"},
    {"array", header, "[]"},
};

INSTANTIATE_TEST_SUITE_P(RefreshToken, RefusedRefreshToken, testing::ValuesIn(refused),
                         [](const testing::TestParamInfo<Row>& row) { return row.param.name; });

}  // namespace
}  // namespace latchkey::crypto::refresh_token_test
