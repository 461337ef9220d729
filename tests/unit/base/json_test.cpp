#include "base/json.h"

#include <gtest/gtest.h>

namespace latchkey {
namespace {

std::string nested(int depth, std::string_view open, std::string_view close) {
  std::string text;
  for (int i = 0; i < depth; ++i) text += open;
  for (int i = 0; i < depth; ++i) text += close;
  return text;
}

TEST(Json, reads_what_rfc_8259_allows) {
  const auto value = parse_json(R"( {"a": [1, -2, 3.5, true, null], "é\u00e9\ud83d\ude00": "\n"} )");
  ASSERT_TRUE(value) << value.error().detail;
  EXPECT_EQ(value->at("a").as_array().size(), 5U);
  EXPECT_TRUE(value->as_object().contains("éé😀"));
  for (const std::string_view text :
       {"{}", "[]", "null", "1", "\"x\"", "  true\r\n", "-0", "18446744073709551615"}) {
    EXPECT_TRUE(parse_json(text)) << text;
  }
}

TEST(Json, keeps_integers_of_64_bits) {
  EXPECT_EQ(parse_json("9223372036854775807")->as_int64(), INT64_MAX);
  EXPECT_EQ(parse_json("-9223372036854775808")->as_int64(), INT64_MIN);
  EXPECT_EQ(parse_json("18446744073709551615")->as_uint64(), UINT64_MAX);
  EXPECT_TRUE(parse_json("18446744073709551616")->is_double());
}

TEST(Json, F39_has_objects_of_bounded_size) {
  const auto object_of = [](std::size_t members) {
    std::string text = "{";
    for (std::size_t i = 0; i < members; ++i) text += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":1";
    return text + "}";
  };
  EXPECT_TRUE(parse_json(object_of(max_json_members)));
  const auto refused = parse_json(object_of(max_json_members + 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::malformed_json);
  EXPECT_EQ(refused.error().detail, "The JSON text holds an object with too many members");
  EXPECT_TRUE(parse_json("[" + object_of(100) + "," + object_of(100) + "]"));
}

struct Refused {
  std::string name;
  std::string text;
};

class JsonRefusal : public testing::TestWithParam<Refused> {};

TEST_P(JsonRefusal, is_malformed_json_and_quotes_nothing) {
  const auto value = parse_json(GetParam().text);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, ErrorCode::malformed_json);
  EXPECT_FALSE(value.error().detail.empty());
  EXPECT_EQ(value.error().detail.find("hunter2"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(J01_J02_J03_J04_J07, JsonRefusal,
                         testing::ValuesIn(std::vector<Refused>{
                             {"J01_duplicate", R"({"email":"a@x","email":"b@x","password":"hunter2"})"},
                             {"J01_duplicate_by_escape", R"({"email":"a","\u0065mail":"b"})"},
                             {"J01_duplicate_by_surrogates", R"({"😀":1,"\ud83d\ude00":2})"},
                             {"J01_duplicate_inside", R"({"a":[{"b":1,"c":{"d":1,"d":1}}]})"},
                             {"J01_duplicate_hides_duplicate", R"({"a":{"b":1},"a":{"b":1,"b":1}})"},
                             {"J01_duplicate_empty_name", R"({"":1,"":2})"},
                             {"J01_duplicate_with_same_value", R"({"a":1,"a":1})"},
                             {"J02_17_arrays", nested(17, "[", "]")},
                             {"J02_100000_arrays", std::string(100000, '[')},
                             {"J02_100000_objects", nested(100000, "{\"a\":", "}")},
                             {"J03_exponent", "1e999999"},
                             {"J03_exponent_of_a_double", "1e309"},
                             {"J03_negative_exponent_of_a_double", "[-1e309]"},
                             {"J03_exponent_past_an_int", "1e99999999999"},
                             {"J04_bad_utf8", "{\"a\":\"\xff\"}"},
                             {"J04_overlong", "{\"a\":\"\xc0\x80\"}"},
                             {"J04_surrogate_in_utf8", "{\"a\":\"\xed\xa0\x80\"}"},
                             {"J04_bad_utf8_outside_strings", "{}\xff"},
                             {"J04_lone_high_surrogate", R"({"a":"\ud800"})"},
                             {"J04_lone_high_surrogate_then_text", R"({"a":"\ud800x"})"},
                             {"J04_lone_low_surrogate", R"({"a":"\udc00"})"},
                             {"J04_high_then_high_surrogate", R"({"a":"\ud800\ud800"})"},
                             {"J04_lone_surrogate_in_name", R"({"\ud800":1})"},
                             {"J04_byte_order_mark", "\xEF\xBB\xBF{}"},
                             {"J04_utf16", std::string("{\0}\0", 4)},
                             {"J07_empty", ""},
                             {"J07_only_space", " \n"},
                             {"J07_trailing_bytes", "{}x"},
                             {"J07_trailing_nul", std::string("{}\0", 3)},
                             {"J07_two_documents", "{} {}"},
                             {"J07_comment", "{/* hunter2 */}"},
                             {"J07_line_comment", "{} // hunter2"},
                             {"J07_nan", R"({"a":NaN})"},
                             {"J07_infinity", R"({"a":Infinity})"},
                             {"J07_single_quotes", "{'a':1}"},
                             {"J07_trailing_comma", R"({"a":1,})"},
                             {"J07_trailing_comma_in_array", "[1,]"},
                             {"J07_unquoted_name", "{a:1}"},
                             {"J07_unfinished", R"({"password":"hunter2)"},
                             {"J07_unfinished_number", "-"},
                             {"J07_leading_zero", "01"},
                             {"J07_leading_plus", "+1"},
                             {"J07_hexadecimal", "0x10"},
                             {"J07_raw_newline_in_string", "\"a\nb\""},
                             {"J07_raw_nul_in_string", std::string("\"a\0b\"", 5)},
                             {"J07_bad_escape", R"("\x41")"},
                             {"J07_short_escape", R"("\u00")"},
                             {"J07_form", "email=a%40x&password=hunter2"},
                         }),
                         [](const auto& refused) { return refused.param.name; });

TEST(Json, J02_sixteen_levels_are_fine) {
  EXPECT_TRUE(parse_json(nested(16, "[", "]")));
  EXPECT_FALSE(parse_json(nested(17, "[", "]")));
  EXPECT_TRUE(parse_json(nested(8, "[{\"a\":", "}]").insert(8 * 6, "1")));
  EXPECT_FALSE(parse_json(nested(8, "[{\"a\":", "}]").insert(8 * 6, "[]")));
}

TEST(Json, same_names_in_different_objects_are_no_duplicates) {
  EXPECT_TRUE(parse_json(R"({"a":{"a":1,"b":{"a":2}},"b":[{"a":1},{"a":2}]})"));
}

TEST(Json, an_object_of_many_members_is_checked_too) {
  std::string text = "{";
  for (int i = 0; i < 127; ++i) text += "\"m" + std::to_string(i) + "\":" + std::to_string(i) + ",";
  EXPECT_TRUE(parse_json(text + "\"last\":1}"));
  EXPECT_FALSE(parse_json(text + "\"m123\":1}"));
}

TEST(Json, long_strings_and_names_are_kept_whole) {
  const std::string longest(50000, 'x');
  const auto value = parse_json("{\"" + longest + "\":\"" + longest + "\\n" + longest + "\"}");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->at(longest).as_string().size(), 100001U);
}

TEST(Json, a_written_string_reads_back) {
  std::string every;
  for (int c = 0; c < 0x80; ++c) every.push_back(static_cast<char>(c));
  every += "é\xC2\x85😀";
  std::string out = "[";
  append_json_string(out, every);
  out += ']';
  const auto value = parse_json(out);
  ASSERT_TRUE(value) << value.error().detail;
  EXPECT_EQ(std::string_view(value->at(0).as_string()), every);
}

TEST(Json, what_needs_an_escape_gets_one_wherever_it_stands) {
  for (int c = 0; c < 0x100; ++c) {
    const bool escaped = c < 0x20 || c == '"' || c == '\\' || c == 0x7f;
    for (std::size_t place = 0; place < 19; ++place) {
      std::string text(19, '\xc3');
      text[place] = static_cast<char>(c);
      std::string out;
      append_json_string(out, text);
      const std::string before = '"' + std::string(place, '\xc3');
      ASSERT_TRUE(out.starts_with(before));
      ASSERT_EQ(out[before.size()] == '\\', escaped) << c << " at " << place;
      ASSERT_TRUE(out.ends_with(std::string(18 - place, '\xc3') + '"'));
      if (!escaped) {
        ASSERT_EQ(out, '"' + text + '"');
      }
    }
  }
}

}  // namespace
}  // namespace latchkey
