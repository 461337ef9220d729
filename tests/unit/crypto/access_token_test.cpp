#include "crypto/jose/access_token.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "crypto/jose/confirmation_token.h"
#include "crypto/jose/jws.h"
#include "crypto/jose/refresh_token.h"
#include "crypto/random.h"
#include "unit/crypto/fixtures.h"

namespace latchkey::crypto {
namespace {

using namespace test;

constexpr std::int64_t now = 1'800'000'000;

const jose::SigningKey& our_key() {
  static const jose::SigningKey key = jose::SigningKey::generate();
  return key;
}
const jose::KeySet& our_keys() {
  static const jose::KeySet keys = set_of(our_key());
  return keys;
}
const std::string& our_kid() {
  static const std::string kid = jose::key_id(our_key().point());
  return kid;
}

const jose::ExpectedAudience expected{"https://auth.example", "https://api.example", "latchkey"};

jose::AccessClaims good_claims() {
  jose::AccessClaims claims;
  claims.iss = expected.iss;
  claims.aud = expected.aud;
  claims.client_id = expected.client_id;
  claims.sub = *parse_subject("123e4567-e89b-42d3-a456-426614174000");
  claims.sid = *parse_id<SessionId>("000102030405060708090a0b0c0d0e0f");
  claims.jti = "AAECAwQFBgcICQoLDA0ODw";
  claims.iat = now;
  claims.exp = now + 900;
  claims.role = Role::moderator;
  return claims;
}

std::string make_token(const jose::AccessClaims& claims) {
  return jose::make_access_token(claims, jose::access_token_start(our_kid()), our_key(), test_nonces());
}
std::string good_token() { return make_token(good_claims()); }
std::string good_header() { return R"({"alg":"ES256","typ":"at+jwt","kid":")" + our_kid() + "\"}"; }
std::string good_payload() {
  return R"({"iss":"https://auth.example","aud":"https://api.example","client_id":"latchkey",)"
         R"("sub":"123e4567-e89b-42d3-a456-426614174000","sid":"000102030405060708090a0b0c0d0e0f",)"
         R"("jti":"AAECAwQFBgcICQoLDA0ODw","iat":1800000000,"exp":1800000900,"role":"moderator"})";
}

bool accepted(std::string_view token, std::int64_t at = now) {
  return jose::verify_access_token(token, our_keys(), expected, at).has_value();
}
bool accepted_when_signed(std::string_view header, std::string_view payload) {
  return accepted(sign_with(our_key(), header, payload));
}

TEST(AccessToken, says_what_it_was_made_to_say) {
  const auto claims = jose::verify_access_token(good_token(), our_keys(), expected, now);
  ASSERT_TRUE(claims);
  const jose::AccessClaims good = good_claims();
  EXPECT_EQ(claims->iss, good.iss);
  EXPECT_EQ(claims->aud, good.aud);
  EXPECT_EQ(claims->client_id, good.client_id);
  EXPECT_EQ(claims->sub, good.sub);
  EXPECT_EQ(claims->sid, good.sid);
  EXPECT_EQ(claims->jti, good.jti);
  EXPECT_EQ(claims->iat, good.iat);
  EXPECT_EQ(claims->exp, good.exp);
  EXPECT_EQ(claims->role, good.role);
}

TEST(AccessToken, is_written_as_rfc_9068_has_it) {
  const auto jws = jose::split_compact(good_token());
  ASSERT_TRUE(jws);
  EXPECT_EQ(jws->header, good_header());
  EXPECT_EQ(jws->payload, good_payload());
  EXPECT_TRUE(accepted_when_signed(good_header(), good_payload()));
}

TEST(AccessToken, T16_stays_small) {
  jose::AccessClaims claims = good_claims();
  claims.iss = claims.aud = "https://" + std::string(200, 'a') + ".example";
  EXPECT_LT(make_token(claims).size(), 1200U);
}

TEST(AccessToken, carries_texts_that_need_escapes) {
  jose::AccessClaims claims = good_claims();
  claims.client_id = "a\"b\\c\n\xc3\xa9";
  jose::ExpectedAudience audience = expected;
  audience.client_id = claims.client_id;
  EXPECT_TRUE(jose::verify_access_token(make_token(claims), our_keys(), audience, now));
}

TEST(AccessToken, refuses_every_one_bit_flip) {
  const std::string token = good_token();
  for (std::size_t bit = 0; bit < token.size() * 8; ++bit) {
    std::string changed = token;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(accepted(changed)) << "bit " << bit;
  }
}

TEST(AccessToken, refuses_every_truncation) {
  const std::string token = good_token();
  for (std::size_t size = 0; size < token.size(); ++size) EXPECT_FALSE(accepted(token.substr(0, size)));
}

TEST(AccessToken, T01_refuses_alg_none) {
  for (const std::string_view alg : {"none", "None", "NONE", "nOnE"}) {
    const std::string input = signing_input(with(good_header(), "ES256", alg), good_payload());
    EXPECT_FALSE(accepted(input + '.')) << alg;
    EXPECT_FALSE(accepted(input)) << alg;
    EXPECT_FALSE(accepted(input + ".AA")) << alg;
    EXPECT_FALSE(accepted_when_signed(with(good_header(), "ES256", alg), good_payload())) << alg;
  }
  EXPECT_FALSE(accepted_when_signed(with(good_header(), R"("alg":"ES256",)", ""), good_payload()));
  EXPECT_FALSE(accepted(good_token().substr(0, good_token().rfind('.') + 1))) << "no signature";
}

std::vector<std::string> spellings_of_public_key() {
  const auto bytes = our_keys().find(our_kid())->to_uncompressed();
  const std::string der_hex = "3059301306072a8648ce3d020106082a8648ce3d030107034200" + hex(bytes);
  const Bytes der = from_hex_text(der_hex);
  const std::string jwks = our_keys().jwks();
  std::string pem = "-----BEGIN PUBLIC KEY-----\n";
  std::string body(200, '\0');
  body.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(body.data()),
                                                       der.data(), static_cast<int>(der.size()))));
  pem += body.substr(0, 64) + '\n' + body.substr(64) + "\n-----END PUBLIC KEY-----";
  return {std::string{view_text(der)},   pem,        pem + '\n', jwks, jwks.substr(9, jwks.size() - 11),
          std::string{view_text(bytes)}, hex(bytes), ""};
}

TEST(AccessToken, T02_refuses_hmac_under_the_public_key) {
  for (const std::string& spelling : spellings_of_public_key()) {
    const HmacKey key{Secret{spelling}};
    EXPECT_FALSE(accepted(sign_with(key, with(good_header(), "ES256", "HS256"), good_payload())));
    EXPECT_FALSE(accepted(sign_with(key, good_header(), good_payload())));
  }
}

TEST(AccessToken, T19_refuses_every_other_alg_for_the_same_key) {
  for (const std::string_view alg :
       {"ES384", "ES512", "ES256K", "RS256", "PS256", "HS256", "EdDSA", "es256", "ES256 "}) {
    EXPECT_FALSE(accepted_when_signed(with(good_header(), "ES256", alg), good_payload())) << alg;
  }
}

TEST(AccessToken, refuses_unknown_keys) {
  EXPECT_FALSE(accepted_when_signed(R"({"alg":"ES256","typ":"at+jwt"})", good_payload())) << "no kid";
  EXPECT_FALSE(accepted_when_signed(R"({"alg":"ES256","typ":"at+jwt","kid":""})", good_payload()));
  EXPECT_FALSE(
      accepted_when_signed(R"({"alg":"ES256","typ":"at+jwt","kid":"../../dev/null"})", good_payload()));
  EXPECT_FALSE(accepted(sign_with(jose::SigningKey::generate(), good_header(), good_payload())))
      << "another's signature";
  EXPECT_FALSE(jose::verify_access_token(good_token(), jose::KeySet{}, expected, now)) << "no keys at all";
}

TEST(AccessToken, T11_refuses_every_other_kind_of_token) {
  const HmacKey hmac{Secret{std::string(32, 'k')}};
  EXPECT_FALSE(accepted(jose::make_refresh_token({new_session_id(), 1, now, now + 900}, hmac)));
  EXPECT_FALSE(
      accepted(jose::make_confirmation_token({new_link_id(), new_subject(), {}, now, now + 900}, hmac)));
  for (const std::string_view typ : {"JWT", "jwt", "AT+JWT", "at+JWT", "application/at+jwt", "rt+jwt",
                                     "ec+jwt", "logout+jwt", "dpop+jwt", ""}) {
    EXPECT_FALSE(accepted_when_signed(with(good_header(), "at+jwt", typ), good_payload())) << typ;
  }
  EXPECT_FALSE(accepted_when_signed(with(good_header(), R"("typ":"at+jwt",)", ""), good_payload()))
      << "no typ";
}

TEST(AccessToken, T06_T14_T15_refuses_headers_with_a_meaning_we_do_not_have) {
  for (const std::string_view more :
       {R"("crit":["x"],)", R"("b64":false,)", R"("zip":"DEF",)", R"("jwk":{},)", R"("alg":"ES256",)",
        R"("typ":"at+jwt",)", R"("jku":"https://evil",)"}) {
    EXPECT_FALSE(accepted_when_signed(with(good_header(), "{", "{" + std::string{more}), good_payload()))
        << more;
  }
}

TEST(AccessToken, T14_refuses_encrypted_and_nested_tokens) {
  const std::string five =
      "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwiemlwIjoiREVGIn0..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA";
  EXPECT_FALSE(accepted(five));
  std::string nested = good_token();
  for (int i = 0; i < 5; ++i)
    nested = sign_with(our_key(), with(good_header(), "{", R"({"cty":"JWT",)"), nested);
  EXPECT_FALSE(accepted(nested));
}

TEST(AccessToken, honours_its_time) {
  EXPECT_TRUE(accepted(good_token(), now + 899));
  EXPECT_FALSE(accepted(good_token(), now + 900)) << "exp is the first second that is too late";
  EXPECT_TRUE(accepted(good_token(), now - jose::max_clock_skew_seconds));
  EXPECT_FALSE(accepted(good_token(), now - jose::max_clock_skew_seconds - 1));
}

struct Row {
  std::string name;
  std::string from;
  std::string to;
};

class RefusedClaims : public testing::TestWithParam<Row> {};

TEST_P(RefusedClaims, are_refused) {
  const std::string payload = with(good_payload(), GetParam().from, GetParam().to);
  EXPECT_FALSE(accepted_when_signed(good_header(), payload)) << payload;
}

const std::string exp_claim = R"("exp":1800000900)";
const std::string iat_claim = R"("iat":1800000000)";
const std::string aud_claim = R"("aud":"https://api.example")";
const std::string role_claim = R"("role":"moderator")";

const std::vector<Row> refused_claims = {
    {"T09_exp_missing", exp_claim + ",", ""},
    {"T09_exp_a_string", exp_claim, R"("exp":"1800000900")"},
    {"T09_exp_a_float", exp_claim, R"("exp":1800000900.5)"},
    {"T09_exp_a_whole_float", exp_claim, R"("exp":1800000900.0)"},
    {"T09_exp_with_an_exponent", exp_claim, R"("exp":2e9)"},
    {"T09_exp_negative", exp_claim, R"("exp":-1)"},
    {"T09_exp_2_to_the_63", exp_claim, R"("exp":9223372036854775808)"},
    {"T09_exp_1e400", exp_claim, R"("exp":1e400)"},
    {"T09_exp_null", exp_claim, R"("exp":null)"},
    {"T09_exp_a_list", exp_claim, R"("exp":[1800000900])"},
    {"T09_exp_past", exp_claim, R"("exp":1799999999)"},
    {"T09_exp_not_after_iat", exp_claim, R"("exp":1800000000)"},
    {"T09_nbf_future", exp_claim, exp_claim + R"(,"nbf":1800000061)"},
    {"T09_nbf_a_string", exp_claim, exp_claim + R"(,"nbf":"1")"},
    {"T09_nbf_a_float", exp_claim, exp_claim + R"(,"nbf":1.5)"},
    {"T09_nbf_null", exp_claim, exp_claim + R"(,"nbf":null)"},
    {"T09_iat_future", iat_claim, R"("iat":1800000061)"},
    {"T09_iat_missing", iat_claim + ",", ""},
    {"T09_iat_a_string", iat_claim, R"("iat":"1800000000")"},
    {"T09_iat_negative", iat_claim, R"("iat":-9223372036854775808)"},
    {"T10_iss_wrong", "https://auth.example", "https://auth.example/"},
    {"T10_iss_missing", R"("iss":"https://auth.example",)", ""},
    {"T10_iss_a_list", R"("https://auth.example")", R"(["https://auth.example"])"},
    {"T10_aud_wrong", "https://api.example", "https://api.example.evil"},
    {"T10_aud_missing", aud_claim + ",", ""},
    {"T10_aud_a_list_with_us", aud_claim, R"("aud":["https://api.example"])"},
    {"T10_aud_a_list_with_others", aud_claim, R"("aud":["https://other.example","https://api.example"])"},
    {"T10_aud_a_list_without_us", aud_claim, R"("aud":["https://other.example"])"},
    {"T10_aud_empty", aud_claim, R"("aud":"")"},
    {"T10_client_id_wrong", "\"latchkey\"", "\"other\""},
    {"T10_client_id_missing", R"("client_id":"latchkey",)", ""},
    {"T15_duplicate_sub", R"("sub":)", R"("sub":"223e4567-e89b-42d3-a456-426614174000","sub":)"},
    {"T15_duplicate_sub_escaped", R"("sub":)", R"("\u0073ub":"223e4567-e89b-42d3-a456-426614174000","sub":)"},
    {"T15_duplicate_in_an_unknown_object", R"("sub":)", R"("x":{"a":1,"a":2},"sub":)"},
    {"T15_deep_nesting", R"("sub":)", R"("x":[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]],"sub":)"},
    {"sub_missing", R"("sub":"123e4567-e89b-42d3-a456-426614174000",)", ""},
    {"sub_in_capitals", "123e4567-e89b-42d3-a456-426614174000", "123E4567-E89B-42D3-A456-426614174000"},
    {"sub_an_address", "123e4567-e89b-42d3-a456-426614174000", "user@example.com"},
    {"sub_a_number", R"("123e4567-e89b-42d3-a456-426614174000")", "1"},
    {"sid_missing", R"("sid":"000102030405060708090a0b0c0d0e0f",)", ""},
    {"sid_too_short", "000102030405060708090a0b0c0d0e0f", "000102030405060708090a0b0c0d0e"},
    {"jti_missing", R"("jti":"AAECAwQFBgcICQoLDA0ODw",)", ""},
    {"jti_empty", R"("jti":"AAECAwQFBgcICQoLDA0ODw")", R"("jti":"")"},
    {"role_missing", "," + role_claim, ""},
    {"role_unknown", role_claim, R"("role":"root")"},
    {"role_a_list", role_claim, R"("role":["admin"])"},
};

INSTANTIATE_TEST_SUITE_P(AccessToken, RefusedClaims, testing::ValuesIn(refused_claims),
                         [](const testing::TestParamInfo<Row>& row) { return row.param.name; });

TEST(AccessToken, takes_claims_of_later_versions) {
  EXPECT_TRUE(
      accepted_when_signed(good_header(), with(good_payload(), R"("sub":)", R"("scope":"a b","sub":)")));
  EXPECT_TRUE(
      accepted_when_signed(good_header(), with(good_payload(), R"("sub":)", R"("nbf":1800000060,"sub":)")));
}

/// By the quick way: as the server does it, with the nonces of an older master secret beside.
std::optional<jose::SessionClaims> recognize(std::string_view token, std::int64_t at = now) {
  static const HmacKey newer{Secret{"the present nonces"}};
  const HmacKey* const nonces[] = {&newer, &test_nonces()};
  return jose::recognize_access_token(token, jose::access_token_start(our_kid()), our_key(), nonces, expected,
                                      at);
}

TEST(AccessToken, F58_is_recognised_by_the_key_that_made_it) {
  const auto recognized = recognize(good_token());
  ASSERT_TRUE(recognized);
  const jose::AccessClaims good = good_claims();
  EXPECT_EQ(*recognized, (jose::SessionClaims{.sub = good.sub, .sid = good.sid, .exp = good.exp}));
  EXPECT_TRUE(recognize(good_token(), now + 899));
  EXPECT_FALSE(recognize(good_token(), now + 900));
  EXPECT_TRUE(recognize(good_token(), now - jose::max_clock_skew_seconds));
  EXPECT_FALSE(recognize(good_token(), now - jose::max_clock_skew_seconds - 1));
}

TEST(AccessToken, F58_nothing_else_is_recognised) {
  const std::string token = good_token();
  for (std::size_t bit = 0; bit < token.size() * 8; ++bit) {
    std::string changed = token;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(recognize(changed)) << "bit " << bit;
  }
  for (std::size_t size = 0; size < token.size(); ++size) EXPECT_FALSE(recognize(token.substr(0, size)));
  const std::size_t first = token.find('.');
  const std::size_t second = token.find('.', first + 1);
  for (const std::string& odd :
       {token + 'A', '.' + token, token + '.', token + '=',
        token.substr(0, second + 1) + std::string(86, 'A'),
        token.substr(0, first + 1) + token.substr(second + 1), token.substr(0, first) + token.substr(second),
        token.substr(0, first + 1) + std::string(3000, 'A') + token.substr(second)}) {
    EXPECT_FALSE(recognize(odd)) << odd;
  }
  EXPECT_FALSE(recognize(jose::make_access_token(good_claims(), jose::access_token_start(our_kid()),
                                                 jose::SigningKey::generate(), test_nonces())))
      << "of another key under this name";
}

TEST(AccessToken, F58_what_is_recognised_would_be_verified_and_the_rest_still_is) {
  // Of a version before, or of a node with the next master secret: right, and not to be recognised.
  const HmacKey others{Secret{"others"}};
  const std::string of_others =
      jose::make_access_token(good_claims(), jose::access_token_start(our_kid()), our_key(), others);
  EXPECT_FALSE(recognize(of_others));
  EXPECT_TRUE(accepted(of_others));

  std::vector<std::string> payloads = {good_payload(),
                                       with(good_payload(), R"("sub":)", R"("scope":"a","sub":)"),
                                       with(good_payload(), R"({"iss")", R"({ "iss")")};
  for (const Row& row : refused_claims) payloads.push_back(with(good_payload(), row.from, row.to));
  for (const std::string& payload : payloads) {
    const std::string token = sign_with(our_key(), good_header(), payload);
    EXPECT_TRUE(!recognize(token) || accepted(token)) << payload;
  }
  EXPECT_TRUE(recognize(sign_with(our_key(), good_header(), payloads[0])))
      << "so that the loop says something";

  jose::AccessClaims claims = good_claims();
  claims.client_id = "a\"b\\c";
  jose::ExpectedAudience audience = expected;
  audience.client_id = claims.client_id;
  const HmacKey* const nonces[] = {&test_nonces()};
  const std::string escaped = make_token(claims);
  EXPECT_TRUE(jose::verify_access_token(escaped, our_keys(), audience, now));
  EXPECT_FALSE(jose::recognize_access_token(escaped, jose::access_token_start(our_kid()), our_key(), nonces,
                                            audience, now));
}

TEST(AccessToken, T15_refuses_payloads_that_are_no_object) {
  for (const std::string_view payload : {"[]", "1", "null", "\"x\"", "{", "{}", "{}{}", "not json", "\xff"}) {
    EXPECT_FALSE(accepted_when_signed(good_header(), payload)) << payload;
  }
}

}  // namespace
}  // namespace latchkey::crypto
