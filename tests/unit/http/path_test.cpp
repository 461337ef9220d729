#include "http/path.h"

#include <gtest/gtest.h>

namespace latchkey::http {
namespace {

std::string decoded(std::string_view path) {
  std::string out;
  return decode_path(path, out) ? out : "(refused)";
}

TEST(HttpPath, FoldsDoubledSlashesAndOneTrailingSlashAndNothingElse) {
  EXPECT_EQ(decoded("/api/auth//logout"), "/api/auth/logout");
  EXPECT_EQ(decoded("//api///auth/logout/"), "/api/auth/logout");
  EXPECT_EQ(decoded("/api/auth/logout//"), "/api/auth/logout");
  EXPECT_EQ(decoded("/"), "/");
  EXPECT_EQ(decoded("///"), "/");
  EXPECT_EQ(decoded("/a/../b/./c"), "/a/../b/./c");
  EXPECT_EQ(decoded("/API/Auth"), "/API/Auth");
}

TEST(HttpPath, DecodesOnceOnly) {
  EXPECT_EQ(decoded("/a%20b"), "/a b");
  EXPECT_EQ(decoded("/%61pi"), "/api");
  EXPECT_EQ(decoded("/%2561"), "/%61");
  EXPECT_EQ(decoded("/%2e%2e/x"), "/../x");
  EXPECT_EQ(decoded("/%C3%A9"), "/\xC3\xA9");
  EXPECT_EQ(decoded("/a+b"), "/a+b");
}

TEST(HttpPath, RefusesWhatNoRouteCouldTellApart) {
  for (const char* path : {"/a%2Fb", "/a%2fb", "/%", "/%4", "/%zz", "/%00", "/a%0d%0ab", "/%7f", "/%ff",
                           "/%c0%80", "/%ed%a0%80"})
    EXPECT_EQ(decoded(path), "(refused)") << path;
  EXPECT_EQ(decoded(std::string_view("/a\0b", 4)), "(refused)");
}

TEST(HttpPath, H14AbsoluteTargetsGiveTheirPathAndLoseTheirHost) {
  auto target = split_target("http://evil.example/api/users/me?x=1");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/api/users/me");
  EXPECT_EQ(target->query, "x=1");
  EXPECT_EQ(split_target("HTTPS://evil:8443")->path, "/");
  EXPECT_EQ(split_target("http://[::1]:80?q")->query, "q");
  for (const char* bad : {"http:///x", "http://a b/x", "http://user@host/x", "ftp://host/x", "host:80", "*",
                          "", "api/users", "/a#b", "/a\tb", "/\xC3\xA9", "http://a,b/"})
    EXPECT_FALSE(split_target(bad)) << bad;
}

TEST(HttpPath, SplitsTheQueryAtTheFirstQuestionMark) {
  EXPECT_EQ(split_target("/a?b?c")->path, "/a");
  EXPECT_EQ(split_target("/a?b?c")->query, "b?c");
  EXPECT_EQ(split_target("/a?")->query, "");
  EXPECT_EQ(split_target("/a<script>")->path, "/a<script>");
}

}  // namespace
}  // namespace latchkey::http
