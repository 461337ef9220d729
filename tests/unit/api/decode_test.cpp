#include "api/decode.h"

#include <gtest/gtest.h>

#include "api/encode.h"
#include "api/schema.h"

namespace latchkey::api {
namespace {

enum class Colour : std::uint8_t { red, green };
constexpr auto names(const Colour*) {
  return std::array{std::pair{Colour::red, std::string_view("red")},
                    std::pair{Colour::green, std::string_view("green")}};
}

struct Inner {
  std::string text;
};
constexpr auto describe(const Inner*) {
  return object("Inner", member("text", &Inner::text, {.longest = 5}));
}

struct Everything {
  std::string text;
  Secret secret;
  std::int64_t number = 0;
  bool truth = false;
  Timestamp time;
  Colour colour = Colour::red;
  std::optional<std::string> maybe;
  std::vector<Inner> list;
  Inner nested;
};
constexpr auto describe(const Everything*) {
  return object("Everything", member("text", &Everything::text, {.meaning = "a text", .example = "x"}),
                member("secret", &Everything::secret),
                member("number", &Everything::number, {.least = 1, .greatest = 9}),
                member("truth", &Everything::truth), member("time", &Everything::time),
                member("colour", &Everything::colour), member("maybe", &Everything::maybe),
                member("list", &Everything::list, {.most_items = 2}), member("nested", &Everything::nested));
}

constexpr std::string_view good =
    R"({"text":"a","secret":"s","number":9,"truth":true,"time":"2026-11-29T03:11:00.5+01:00","colour":"green",)"
    R"("list":[{"text":"b"}],"nested":{"text":"c"},"unknown":1})";

std::string with(std::string_view member, std::string_view value) {
  std::string text(good);
  const std::string start = "\"" + std::string(member) + "\":";
  const auto at = text.find(start) + start.size();
  const auto end = text.find(text[at] == '[' ? "]" : text[at] == '{' ? "}" : ",", at);
  const bool closes = text[end] != ',';
  return text.replace(at, end - at + (closes ? 1 : 0), value);
}

/// The fields that are refused, as "loc.loc type".
std::vector<std::string> refused(std::string_view body) {
  const auto result = decode_json<Everything>(body);
  std::vector<std::string> fields;
  if (result.has_value()) return fields;
  for (const FieldError& field : result.error().fields) {
    std::string text;
    for (const auto& part : field.loc) text += (text.empty() ? "" : ".") + part;
    fields.push_back(text + " " + field.type);
  }
  return fields;
}

using Fields = std::vector<std::string>;

TEST(Decode, TakesEveryKindOfMemberFromJson) {
  const auto read = decode_json<Everything>(good);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->text, "a");
  EXPECT_EQ(read->secret.text(), "s");
  EXPECT_EQ(read->number, 9);
  EXPECT_TRUE(read->truth);
  EXPECT_EQ(format_rfc3339(read->time), "2026-11-29T02:11:00.500000Z");
  EXPECT_EQ(read->colour, Colour::green);
  EXPECT_FALSE(read->maybe.has_value());
  ASSERT_EQ(read->list.size(), 1U);
  EXPECT_EQ(read->list[0].text, "b");
  EXPECT_EQ(read->nested.text, "c");
}

TEST(Decode, NamesEveryWrongMemberAtOnceWithItsPlace) {
  EXPECT_EQ(refused("{}"),
            (Fields{"body.text missing", "body.secret missing", "body.number missing", "body.truth missing",
                    "body.time missing", "body.colour missing", "body.list missing", "body.nested missing"}));
  EXPECT_EQ(refused(with("text", "1")), Fields{"body.text string_type"});
  EXPECT_EQ(refused(with("secret", "null")), Fields{"body.secret string_type"});
  EXPECT_EQ(refused(with("number", "0")), Fields{"body.number greater_than_equal"});
  EXPECT_EQ(refused(with("number", "10")), Fields{"body.number less_than_equal"});
  EXPECT_EQ(refused(with("number", "1.5")), Fields{"body.number int_type"});
  EXPECT_EQ(refused(with("truth", "1")), Fields{"body.truth bool_type"});
  EXPECT_EQ(refused(with("time", "\"yesterday\"")), Fields{"body.time datetime_parsing"});
  EXPECT_EQ(refused(with("time", "7")), Fields{"body.time datetime_parsing"});
  EXPECT_EQ(refused(with("colour", "\"blue\"")), Fields{"body.colour enum"});
  EXPECT_EQ(refused(with("list", "{}")), Fields{"body.list list_type"});
  EXPECT_EQ(refused(with("list", R"([{"text":"a"},{"text":1}])")), Fields{"body.list.1.text string_type"});
  EXPECT_EQ(refused(with("list", "[{},{},{}]")), Fields{"body.list too_long"});
  EXPECT_EQ(refused(with("nested", "[]")), Fields{"body.nested object_type"});
  EXPECT_EQ(refused(with("nested", R"({"text":"123456"})")), Fields{"body.nested.text string_too_long"});
}

TEST(Decode, TakesNothingButAnObject) {
  for (const std::string_view body : {"[]", "1", "null", "", "{", "{}x"}) {
    const auto read = decode_json<Everything>(body);
    ASSERT_TRUE(read.has_error()) << body;
    EXPECT_EQ(read.error().code, ErrorCode::malformed_json) << body;
  }
}

struct Fillable {
  std::string text;
  Secret secret;
  std::int64_t number = 0;
  bool truth = false;
  Colour colour = Colour::red;
  std::optional<std::string> maybe;
};
constexpr auto describe(const Fillable*) {
  return object("Fillable", member("text", &Fillable::text), member("secret", &Fillable::secret),
                member("number", &Fillable::number), member("truth", &Fillable::truth),
                member("colour", &Fillable::colour), member("maybe", &Fillable::maybe, {.constant = "one"}));
}

TEST(Decode, TakesTheSameDescriptionFromAForm) {
  const auto form =
      http::parse_urlencoded("text=a&secret=s%26t&number=-7&truth=on&colour=green&maybe=one&more=1");
  const auto read = decode_fields<Fillable>(form.value());
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->secret.text(), "s&t");
  EXPECT_EQ(read->number, -7);
  EXPECT_TRUE(read->truth);
  EXPECT_EQ(read->colour, Colour::green);
  EXPECT_EQ(read->maybe, "one");
}

// F80: what nobody filled in is sent as an empty field.
TEST(Decode, AnEmptyFieldIsAMissingOneWhereItMayBeMissing) {
  const auto form = http::parse_urlencoded("text=&secret=&number=1&truth=0&colour=red&maybe=");
  const auto read = decode_fields<Fillable>(form.value());
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->text, "");
  EXPECT_FALSE(read->maybe.has_value());
}

TEST(Decode, NamesWhereAWrongFieldStood) {
  const auto form = http::parse_urlencoded("text=a&secret=s&number=x&truth=perhaps&colour=red&maybe=two");
  const auto read = decode_fields<Fillable>(form.value(), "query");
  ASSERT_TRUE(read.has_error());
  ASSERT_EQ(read.error().fields.size(), 3U);
  EXPECT_EQ(read.error().fields[0].loc, (std::vector<std::string>{"query", "number"}));
  EXPECT_EQ(read.error().fields[1].type, "bool_parsing");
  EXPECT_EQ(read.error().fields[2].msg, "Must be \"one\"");
  EXPECT_EQ(read.error().detail, "number: Input should be a valid integer");
}

TEST(Schema, SaysWhatTheDescriptionSays) {
  const auto request = request_schema<Everything>().make();
  const auto& members = request.at("properties").as_object();
  EXPECT_EQ(members.at("text").at("description").as_string(), "a text");
  EXPECT_EQ(members.at("number").at("maximum").as_int64(), 9);
  EXPECT_EQ(members.at("colour").at("enum").as_array().size(), 2U);
  EXPECT_EQ(members.at("maybe").at("type").as_string(), "string");
  EXPECT_EQ(request.at("required").as_array().size(), 8U) << "all but the one that may be missing";
  const auto answer = response_schema<Everything>().make();
  EXPECT_EQ(answer.at("required").as_array().size(), 9U) << "an answer has every member";
  EXPECT_EQ(answer.at("properties").at("maybe").at("type").as_array().size(), 2U);
}

TEST(Encode, WritesTheMembersInOrder) {
  Inner inner{.text = "a\"b"};
  EXPECT_EQ(to_json(inner), R"({"text":"a\"b"})");
  EXPECT_EQ(to_json(std::vector<Inner>{{"x"}, {"y"}}), R"([{"text":"x"},{"text":"y"}])");
}

TEST(ParseRfc3339, TakesWhatTheRfcWritesAndNothingElse) {
  EXPECT_EQ(format_rfc3339(*parse_rfc3339("2026-02-28T23:59:59Z")), "2026-02-28T23:59:59.000000Z");
  EXPECT_EQ(format_rfc3339(*parse_rfc3339("2026-03-01t00:30:00.123456789+02:00")),
            "2026-02-28T22:30:00.123456Z");
  for (const std::string_view text :
       {"", "2026-02-29T00:00:00Z", "2026-2-28T00:00:00Z", "2026-02-28", "2026-02-28T24:00:00Z",
        "2026-02-28T00:00:00", "2026-02-28T00:00:60Z", "2026-02-28T00:00:00.Z", "2026-02-28T00:00:00Zx",
        "2026-02-28T00:00:00+1:00"}) {
    EXPECT_FALSE(parse_rfc3339(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace latchkey::api
