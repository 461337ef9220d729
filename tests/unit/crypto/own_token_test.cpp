#include "crypto/jose/own_token.h"

#include <gtest/gtest.h>

#include <set>

#include "crypto/jose/confirmation_token.h"
#include "crypto/jose/link_token.h"
#include "crypto/jose/refresh_token.h"
#include "unit/crypto/fixtures.h"

/// The codec; refresh_token_test and confirmation_token_test hold the two kinds of 0.1.0 to their bytes.
namespace latchkey::crypto::own_token_test {
namespace {

using namespace test;
using jose::Claim;

struct Everything {
  SessionId id;
  Subject subject;
  jose::AddressFingerprint address;
  std::int64_t number = 0;
  bool operator==(const Everything&) const = default;
};
constexpr auto form =
    jose::token_form("xy+jwt", Claim{"id", &Everything::id}, Claim{"sub", &Everything::subject},
                     Claim{"adr", &Everything::address}, Claim{"n", &Everything::number});

const HmacKey& key() {
  static const HmacKey made{Secret{std::string(32, 'c')}};
  return made;
}

std::optional<Everything> read(std::string_view token) {
  const std::array<const HmacKey*, 1> keys{&key()};
  return jose::read_own_token(form, token, keys);
}

Everything claims() {
  return {*parse_id<SessionId>("000102030405060708090a0b0c0d0e0f"),
          *parse_subject("123e4567-e89b-42d3-a456-426614174000"),
          jose::address_fingerprint("user@example.com"), -1};
}

const std::string header = R"({"alg":"HS256","typ":"xy+jwt"})";
const std::string payload =
    R"({"id":"000102030405060708090a0b0c0d0e0f","sub":"123e4567-e89b-42d3-a456-426614174000",)"
    R"("adr":"tMmiiTI7IaAcPpQPFQ65uA","n":-1})";

TEST(OwnToken, writes_the_claims_of_its_table_in_their_order) {
  EXPECT_EQ(jose::make_own_token(form, claims(), key()), sign_with(key(), header, payload));
  EXPECT_EQ(read(sign_with(key(), header, payload)), claims());
}

TEST(OwnToken, encodes_headers_of_every_length_as_base64url_does) {
  constexpr jose::OwnTokenHeader none{""};
  constexpr jose::OwnTokenHeader one{"a"};
  constexpr jose::OwnTokenHeader two{"ab"};
  constexpr jose::OwnTokenHeader three{"~?~"};
  EXPECT_EQ(none.text(), base64url(R"({"alg":"HS256","typ":""})") + '.');
  EXPECT_EQ(one.text(), base64url(R"({"alg":"HS256","typ":"a"})") + '.');
  EXPECT_EQ(two.text(), base64url(R"({"alg":"HS256","typ":"ab"})") + '.');
  EXPECT_EQ(three.text(), base64url(R"({"alg":"HS256","typ":"~?~"})") + '.');
}

TEST(OwnToken, refuses_every_one_bit_flip_and_every_cut) {
  const std::string token = jose::make_own_token(form, claims(), key());
  for (std::size_t bit = 0; bit < token.size() * 8; ++bit) {
    std::string changed = token;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(read(changed)) << "bit " << bit;
  }
  for (std::size_t size = 0; size < token.size(); ++size) EXPECT_FALSE(read(token.substr(0, size)));
  for (const char* more : {".", "=", " ", "A", ".A"}) EXPECT_FALSE(read(token + more)) << more;
}

TEST(OwnToken, refuses_what_we_would_not_write_though_rightly_signed) {
  for (const std::string& other :
       {with(payload, "0a0b", "0A0B"), with(payload, ",", ", "), with(payload, "}", R"(,"x":1})"),
        with(payload, R"("adr":"tMmiiTI7IaAcPpQPFQ65uA",)", ""), with(payload, "5uA", "5uB"),
        with(payload, "123e4567-e89b", "123e4567_e89b"), with(payload, ":-1", ":-01"),
        with(payload, ":-1", ":\"-1\""), with(payload, ":-1", ":"), with(payload, ":-1", ":-0"),
        with(payload, ":-1", ":-9223372036854775809"), payload + "\n", std::string{"{}"}, std::string{}}) {
    EXPECT_FALSE(read(sign_with(key(), header, other))) << other;
  }
  EXPECT_FALSE(read(sign_with(key(), with(header, "HS256", "none"), payload)));
  EXPECT_FALSE(read(sign_with(key(), with(header, "xy+jwt", "JWT"), payload)));
}

TEST(OwnToken, C04_no_kind_is_taken_for_another_even_under_one_key) {
  constexpr auto reset = jose::link_token_form("pr+jwt");
  const std::array<const HmacKey*, 1> keys{&key()};
  const std::vector<std::string> tokens = {
      jose::make_refresh_token({}, key()), jose::make_confirmation_token({}, key()),
      jose::make_own_token(reset, {}, key()), jose::make_own_token(jose::handle_token_form, {}, key()),
      jose::make_own_token(form, {}, key())};
  const std::set<std::string> different(tokens.begin(), tokens.end());
  EXPECT_EQ(different.size(), tokens.size());
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    EXPECT_EQ(jose::verify_refresh_token(tokens[i], keys).has_value(), i == 0);
    EXPECT_EQ(jose::verify_confirmation_token(tokens[i], keys).has_value(), i == 1);
    EXPECT_EQ(jose::read_own_token(reset, tokens[i], keys).has_value(), i == 2);
    EXPECT_EQ(jose::read_own_token(jose::handle_token_form, tokens[i], keys).has_value(), i == 3);
    EXPECT_EQ(read(tokens[i]).has_value(), i == 4);
  }
}

}  // namespace
}  // namespace latchkey::crypto::own_token_test
