#include "http/media_type.h"

#include <gtest/gtest.h>

namespace latchkey::http {
namespace {

TEST(HttpMediaType, ReadsTypeAndParameters) {
  auto type = parse_media_type("Application/JSON ; Charset=\"UTF-8\";;  x=\"a\\\"b\"");
  ASSERT_TRUE(type);
  EXPECT_EQ(type->essence, "application/json");
  EXPECT_TRUE(type->is_utf8());
  EXPECT_EQ(type->parameter("x"), "a\"b");
  EXPECT_EQ(type->parameter("y"), std::nullopt);
}

TEST(HttpMediaType, J16KnowsUtf8FromOtherCharsets) {
  EXPECT_TRUE(parse_media_type("application/json")->is_utf8());
  EXPECT_TRUE(parse_media_type("application/json;charset=utf-8")->is_utf8());
  EXPECT_FALSE(parse_media_type("application/json; charset=utf-16")->is_utf8());
  EXPECT_FALSE(parse_media_type("application/json; charset=\"\"")->is_utf8());
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

}  // namespace
}  // namespace latchkey::http
