#include "crypto/jose/jws.h"

#include <gtest/gtest.h>

#include "unit/crypto/fixtures.h"

namespace latchkey::crypto::jws_test {
namespace {

using namespace test;

TEST(Jws, splits_a_compact_token) {
  const auto jws = jose::split_compact("eyJhIjoxfQ.Zm9v.YmFy");
  ASSERT_TRUE(jws);
  EXPECT_EQ(jws->header, R"({"a":1})");
  EXPECT_EQ(jws->payload, "foo");
  EXPECT_EQ(view_text(jws->signature), "bar");
  EXPECT_EQ(jws->signing_input, "eyJhIjoxfQ.Zm9v");
}

TEST(Jws, T08_refuses_every_other_spelling) {
  const std::string a = "Zm9v";
  for (const std::string& token : std::vector<std::string>{"",
                                                           ".",
                                                           "..",
                                                           "...",
                                                           a,
                                                           a + '.' + a,
                                                           a + '.' + a + '.',
                                                           '.' + a + '.' + a,
                                                           a + ".." + a,
                                                           a + '.' + a + '.' + a + '.',
                                                           a + '.' + a + '.' + a + '.' + a,
                                                           a + '.' + a + '.' + a + '.' + a + '.' + a,
                                                           '.' + a + '.' + a + '.' + a,
                                                           a + "=." + a + '.' + a,
                                                           "Zg==." + a + '.' + a,
                                                           a + ".Zg==." + a,
                                                           a + '.' + a + ".Zg==",
                                                           a + '.' + a + '.' + a + '\n',
                                                           ' ' + a + '.' + a + '.' + a,
                                                           a + '.' + a + '.' + a + ' ',
                                                           a + ".Zm 9v." + a,
                                                           a + ".Zm9v!." + a,
                                                           a + ".Zm9@." + a,
                                                           a + ".Zm+v." + a,
                                                           a + ".Zm/v." + a,
                                                           a + '.' + a + ".Zh",  // stray bits
                                                           a + '.' + a + ".Zm9",
                                                           a + '.' + a + ".Z",
                                                           a + '.' + a + ".Zm9vY",
                                                           "Z%6D9v." + a + '.' + a,
                                                           a + '.' + a + '.' + a + std::string(1, '\0'),
                                                           a + ".\xc3\xa9." + a}) {
    EXPECT_FALSE(jose::split_compact(token)) << token;
  }
}

TEST(Jws, T14_refuses_what_is_longer_than_any_token_of_ours) {
  const std::string head = "Zm9v.";
  const std::string tail = ".Zm9v";
  const std::string fits =
      head + std::string(jose::max_token_size - head.size() - tail.size() - 2, 'A') + tail;
  EXPECT_TRUE(jose::split_compact(fits));
  const std::string longer =
      head + std::string(jose::max_token_size - head.size() - tail.size() + 2, 'A') + tail;
  EXPECT_FALSE(jose::split_compact(longer));
  EXPECT_FALSE(jose::split_compact(std::string(10'000'000, '.')));
}

TEST(Jws, reads_alg_typ_and_kid) {
  const auto header =
      jose::parse_jose_header(R"( {"alg":"ES256","kid":"k","typ":"at+jwt","x5t":"ignored"} )");
  ASSERT_TRUE(header);
  EXPECT_EQ(header->alg, "ES256");
  EXPECT_EQ(header->typ, "at+jwt");
  EXPECT_EQ(header->kid, "k");
  const auto least = jose::parse_jose_header(R"({"alg":"ES256"})");
  ASSERT_TRUE(least);
  EXPECT_EQ(least->typ, "");
  EXPECT_EQ(least->kid, "");
}

struct Row {
  std::string name;
  std::string header;
};

class RefusedHeader : public testing::TestWithParam<Row> {};

TEST_P(RefusedHeader, is_refused) {
  EXPECT_FALSE(jose::parse_jose_header(GetParam().header)) << GetParam().header;
}

std::string nested(int depth) {
  std::string text = R"({"alg":"ES256","x":)";
  for (int i = 0; i < depth; ++i) text += '[';
  return text;
}

const std::vector<Row> refused = {
    {"T06_crit", R"({"alg":"ES256","crit":["x"]})"},
    {"T06_crit_as_a_string", R"({"alg":"ES256","crit":"x"})"},
    {"T06_crit_empty", R"({"alg":"ES256","crit":""})"},
    {"T06_b64_false", R"({"alg":"ES256","b64":false})"},
    {"T06_b64_as_a_string", R"({"alg":"ES256","b64":"false"})"},
    {"T14_zip", R"({"alg":"ES256","zip":"DEF"})"},
    {"jwk", R"({"alg":"ES256","jwk":{"kty":"EC"}})"},
    {"jwk_as_a_string", R"({"alg":"ES256","jwk":"{}"})"},
    {"jku", R"({"alg":"ES256","jku":"https://evil.example"})"},
    {"x5u", R"({"alg":"ES256","x5u":"https://evil.example"})"},
    {"x5c", R"({"alg":"ES256","x5c":["MII"]})"},
    {"escaped_name_of_jwk", R"({"alg":"ES256","\u006awk":"{}"})"},
    {"T01_no_alg", R"({"typ":"at+jwt"})"},
    {"T01_empty_alg", R"({"alg":""})"},
    {"T01_alg_null", R"({"alg":null})"},
    {"T01_alg_a_list", R"({"alg":["ES256"]})"},
    {"kid_a_number", R"({"alg":"ES256","kid":1})"},
    {"kid_an_object", R"({"alg":"ES256","kid":{"a":"b"}})"},
    {"T15_duplicate_alg", R"({"alg":"none","alg":"ES256"})"},
    {"T15_duplicate_alg_escaped", R"({"alg":"ES256","\u0061lg":"none"})"},
    {"T15_array", R"(["alg","ES256"])"},
    {"T15_string", R"("ES256")"},
    {"T15_number", "1"},
    {"T15_null", "null"},
    {"T15_deep_nesting", nested(100000)},
    {"T15_two_documents", R"({"alg":"ES256"}{"alg":"none"})"},
    {"T15_trailing_comma", R"({"alg":"ES256",})"},
    {"T15_comment", R"({"alg":"ES256"/**/})"},
    {"T15_bad_utf8", "{\"alg\":\"ES256\",\"kid\":\"\xff\"}"},
    {"T15_byte_order_mark", "\xef\xbb\xbf{\"alg\":\"ES256\"}"},
    {"T15_nothing", ""},
};

INSTANTIATE_TEST_SUITE_P(Jws, RefusedHeader, testing::ValuesIn(refused),
                         [](const testing::TestParamInfo<Row>& row) { return row.param.name; });

}  // namespace
}  // namespace latchkey::crypto::jws_test
