#include "http/cookie.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

namespace latchkey::http::cookie_test {
namespace {

std::optional<std::string> found(std::initializer_list<const char*> lines, std::string_view name = "a") {
  std::vector<HeaderView> headers;
  for (const char* line : lines) headers.push_back({"cookie", line});
  Request request;
  request.headers = headers;
  const auto value = find_cookie(request, name);
  if (!value.has_value()) return std::nullopt;
  return std::string(*value);
}

TEST(Cookies, OneOfItsNameHasAValue) {
  EXPECT_EQ(found({"a=1"}), "1");
  EXPECT_EQ(found({"b=2; a=1; c=3"}), "1");
  EXPECT_EQ(found({"b=2;a=1;c=3"}), "1");
  EXPECT_EQ(found({"b=2", "a=1"}), "1") << "HTTP/2 proxies split the line";
  EXPECT_EQ(found({"a="}), "");
  EXPECT_EQ(found({"a=b=c"}), "b=c");
  EXPECT_EQ(found({"__Host-latchkey=x"}, "__Host-latchkey"), "x");
}

TEST(Cookies, AnythingElseIsNone) {
  for (const char* line : {"", ";", "=", "a", "A=1", "aa=1", "b=a=1", "a=1; a=1", "a=1; b=2; a=3", "a=\"1\"",
                           "a=1,2", "a=1 2", "a=\x7f", "a=\xc3\xa4", "a=\\", "__Host-a=1"})
    EXPECT_EQ(found({line}), std::nullopt) << line;
  EXPECT_EQ(found({"a=1", "a=1"}), std::nullopt);
  EXPECT_EQ(found({}), std::nullopt);
}

TEST(Cookies, AreSetForThisHostAlone) {
  Response response;
  set_cookie(response, "__Host-a", "x~1.2-3_4", Seconds(60));
  set_cookie(response, "__Host-b", "y");
  expire_cookie(response, "__Host-c");
  ASSERT_EQ(response.headers.size(), 3U);
  EXPECT_EQ(response.headers[0].value,
            "__Host-a=x~1.2-3_4; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60");
  EXPECT_EQ(response.headers[1].value, "__Host-b=y; Path=/; Secure; HttpOnly; SameSite=Lax");
  EXPECT_EQ(response.headers[2].value, "__Host-c=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
  EXPECT_THROW(set_cookie(response, "__Host-d", "a; Domain=evil.example"), std::logic_error);
}

}  // namespace
}  // namespace latchkey::http::cookie_test
