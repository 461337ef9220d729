#include "http/media_type.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>

namespace latchkey::http {
namespace {

TEST(HttpMediaType, ReadsTypeAndParameters) {
  auto type = parse_media_type("Application/JSON ; Charset=\"UTF-8\";;  x=\"a\\\"b\"");
  ASSERT_TRUE(type);
  EXPECT_EQ(type->essence, "application/json");
  EXPECT_EQ(type->charset(), Charset::utf8);
  EXPECT_EQ(type->parameter("x"), "a\"b");
  EXPECT_EQ(type->parameter("y"), std::nullopt);
}

TEST(HttpMediaType, F06J16KnowsUtf8AndSupersetsOfAsciiFromOtherCharsets) {
  auto charset = [](const std::string& label) {
    return parse_media_type("application/json; charset=\"" + label + "\"")->charset();
  };
  EXPECT_EQ(parse_media_type("application/json")->charset(), Charset::utf8);
  for (const char* label : {"utf-8", "UTF-8", "utf8", "Utf_8"})
    EXPECT_EQ(charset(label), Charset::utf8) << label;
  for (const char* label :
       {"us-ascii",        "US-ASCII",    "ascii",       "ANSI_X3.4-1968", "ISO-8859-1",   "iso8859-1",
        "ISO_8859-1:1987", "latin1",      "ISO-8859-15", "iso-8859-16",    "windows-1252", "Cp1252",
        "windows-1250",    "KOI8-R",      "GBK",         "gb18030",        "Big5",         "EUC-JP",
        "Shift_JIS",       "windows-31j", "EUC-KR",      "macintosh",      "IBM437"})
    EXPECT_EQ(charset(label), Charset::ascii_superset) << label;
  for (const char* label : {"",
                            "utf-16",
                            "UTF-16LE",
                            "utf-16be",
                            "utf-32",
                            "UTF-32BE",
                            "ucs-2",
                            "ISO-10646-UCS-2",
                            "utf-7",
                            "UNICODE-1-1-UTF-7",
                            "ebcdic-cp-us",
                            "IBM037",
                            "cp500",
                            "IBM1047",
                            "iso-2022-jp",
                            "iso-2022-kr",
                            "hz-gb-2312",
                            "iso-8859-0",
                            "iso-8859-17",
                            "iso-8859-01",
                            "iso-8859-",
                            "windows-1259",
                            "windows-125",
                            "utf-8x",
                            "x-utf-8",
                            "utf-8,utf-16",
                            "utf-8\xc3\xa9",
                            "'utf-8'",
                            "anything",
                            "a-label-that-is-longer-than-any-that-we-know"})
    EXPECT_EQ(charset(label), Charset::other) << label;
}

TEST(HttpMediaType, RefusesWhatIsNotOneType) {
  for (const char* value :
       {"", "json", "application/", "/json", "a b/c", "application/json, text/plain",
        "application/json; charset", "application/json; charset=", "application/json charset=utf-8",
        "application/json; charset=utf-8; charset=utf-16", "application/json; x=\"open",
        "application/json; =x"})
    EXPECT_FALSE(parse_media_type(value)) << value;
}

TEST(HttpMediaType, ConfirmationLinkPageIsForThoseWhoPreferHtmlByName) {
  EXPECT_TRUE(prefers_html("text/html"));
  EXPECT_TRUE(prefers_html("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"));
  EXPECT_TRUE(prefers_html("application/json;q=0.5, text/html;q=0.6"));
  EXPECT_TRUE(prefers_html("text/html;q=0.001"));
  EXPECT_TRUE(prefers_html("TEXT/HTML;Q=0.2, junk junk, */*"));
  EXPECT_TRUE(prefers_html("text/html;level=\"1,2\";q=1, application/json;q=0.9"));

  EXPECT_FALSE(prefers_html(""));
  EXPECT_FALSE(prefers_html("*/*"));
  EXPECT_FALSE(prefers_html("text/*, */*;q=0.1"));
  EXPECT_FALSE(prefers_html("application/json"));
  EXPECT_FALSE(prefers_html("text/html, application/json"));
  EXPECT_FALSE(prefers_html("text/html;q=0.9, application/json"));
  EXPECT_FALSE(prefers_html("text/html;q=0"));
  EXPECT_FALSE(prefers_html("text/html;q=2"));
  EXPECT_FALSE(prefers_html("text/html;q=0.12345"));
  EXPECT_FALSE(prefers_html("text/htmlx, application/xhtml+xml"));
}

TEST(HttpMediaType, TakesSeveralAcceptLinesAsOneList) {
  HeaderView headers[] = {{"Accept", "text/html;q=0.5"}, {"accept", "application/json;q=0.7"}};
  Request request;
  request.headers = headers;
  EXPECT_FALSE(prefers_html(request));
  headers[0].value = "text/html;q=0.8";
  EXPECT_TRUE(prefers_html(request));
}

/// `a/b;p0=1;p1=1;…` of about that many bytes.
std::string many_parameters(std::size_t size) {
  std::string text = "a/b";
  for (std::size_t i = 0; text.size() < size; ++i) text += ";p" + std::to_string(i) + "=1";
  return text;
}

TEST(HttpMediaType, F39TakesFewParameters) {
  std::string text = "a/b";
  for (std::size_t i = 0; i < max_media_type_parameters; ++i) text += ";p" + std::to_string(i) + "=1";
  EXPECT_TRUE(parse_media_type(text));
  EXPECT_FALSE(parse_media_type(text + ";q=1"));
  EXPECT_FALSE(parse_media_type(many_parameters(15'000)));
}

TEST(HttpMediaType, ATypeThatIsRefusedEndsAtItsOwnComma) {
  const std::string many = many_parameters(200);
  EXPECT_TRUE(prefers_html(many + ", text/html"));
  EXPECT_FALSE(prefers_html(many + ";x=\", text/html,\", application/json"));
  EXPECT_FALSE(prefers_html("a/b;x=1;x=\", text/html\""));
  EXPECT_FALSE(prefers_html("text/html;q=1" + many.substr(3)));
}

/// The processor's time for the cheapest of some runs, in nanoseconds.
template <class Work>
double cost(Work work) {
  double best = 1e18;
  for (int run = 0; run < 9; ++run) {
    timespec began{};
    timespec ended{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &began);
    work();
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ended);
    best = std::min(best, static_cast<double>(ended.tv_sec - began.tv_sec) * 1e9 +
                              static_cast<double>(ended.tv_nsec - began.tv_nsec));
  }
  return best;
}

/// Sixteen times the length: about 16 times the work, not 256 times. Half-way between the two, as factors go,
/// is 64.
TEST(HttpMediaType, F39CostsInProportionToItsLength) {
  auto repeated = [](std::string_view piece, std::size_t size) {
    std::string text;
    while (text.size() < size) text += piece;
    return text;
  };
  constexpr std::size_t small = 16'000;
  constexpr std::size_t large = 16 * small;
  struct Case {
    std::string few;
    std::string many;
  };
  const Case cases[] = {{many_parameters(small), many_parameters(large)},
                        {"a/b" + repeated(";x=1", small), "a/b" + repeated(";x=1", large)},
                        {"a/b" + repeated(";", small), "a/b" + repeated(";", large)},
                        {repeated("a/b;c=\",\", ", small), repeated("a/b;c=\",\", ", large)},
                        {repeated("a/b;c=\"\\\",", small), repeated("a/b;c=\"\\\",", large)},
                        {repeated("a,", small), repeated("a,", large)},
                        {"a/b;c=\"" + repeated("x", small), "a/b;c=\"" + repeated("x", large)}};
  for (const Case& c : cases) {
    EXPECT_LT(cost([&] { prefers_html(c.many); }), 64 * cost([&] { prefers_html(c.few); }))
        << c.few.substr(0, 20);
    EXPECT_LT(cost([&] { parse_media_type(c.many); }), 64 * cost([&] { parse_media_type(c.few); }) + 1e6)
        << c.few.substr(0, 20);
  }
}

}  // namespace
}  // namespace latchkey::http
