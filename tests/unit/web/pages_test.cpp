#include "web/pages.h"

#include <gtest/gtest.h>

#include <regex>
#include <vector>

#include "crypto/sha256.h"
#include "web/frame.h"

namespace latchkey::web {
namespace {

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
  return found;
}

std::vector<Page> all_pages() {
  return {render_confirm_page("Ada", "/api/auth/rejected_email/t"),
          render_confirmed_page(),
          render_already_confirmed_page(),
          render_reject_page("Ada"),
          render_removed_page(),
          render_bad_link_page(),
          render_error_page("Sorry", "It did not work.")};
}

TEST(Pages, AreWholeAndLoadNothing) {
  for (const Page& page : all_pages()) {
    EXPECT_TRUE(page.body.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
    EXPECT_TRUE(page.body.ends_with("</html>\n"));
    EXPECT_EQ(count(page.body, "<h1"), 1U);
    EXPECT_EQ(count(page.body, "<title></title>"), 0U);
    EXPECT_FALSE(has(page.body, "{{")) << page.body;
    EXPECT_FALSE(has(page.body, "<script"));
    EXPECT_FALSE(has(page.body, "//")) << "no address of another host";
    EXPECT_FALSE(has(page.body, "url("));
    EXPECT_FALSE(std::regex_search(page.body, std::regex("\\s(on\\w+|style|src)=")));
  }
}

TEST(Pages, ThePolicyNamesTheStyleSheetByItsHash) {
  for (const Page& page : all_pages()) {
    const auto start = page.body.find("<style>") + 7;
    const auto style = page.body.substr(start, page.body.find("</style>") - start);
    EXPECT_EQ(page.content_security_policy, make_policy(style, Forms::own_host));
  }
  // printf a{} | openssl dgst -sha256 -binary | base64
  EXPECT_EQ(make_policy("a{}", Forms::none),
            "default-src 'none'; style-src 'sha256-X1RutGBrXCt9KkSaXMK7tHftWiRscFHOhxsS8tv8hBk='; "
            "form-action 'none'; "
            "frame-ancestors 'none'; base-uri 'none'");
}

TEST(Pages, TheConfirmationPageHasOneButtonForEachAnswer) {
  const Page page = render_confirm_page("Ada Lovelace", "/api/auth/rejected_email/a.b.c");
  EXPECT_EQ(count(page.body, "<form method=\"post\">"), 1U);
  EXPECT_EQ(count(page.body, "<form method=\"post\" action=\"/api/auth/rejected_email/a.b.c\">"), 1U);
  EXPECT_EQ(count(page.body, "<button type=\"submit\""), 2U);
  EXPECT_TRUE(has(page.body, "<bdi>Ada Lovelace</bdi>"));
  EXPECT_EQ(count(render_reject_page("Ada").body, "<form method=\"post\">"), 1U);
  EXPECT_EQ(count(render_confirmed_page().body, "<form"), 0U);
}

TEST(Pages, M02J12S14WhatStrangersChoseIsText) {
  const struct {
    const char* name;
    const char* shown;
  } cases[] = {{"<b>Eve</b> & \"'", "<bdi>&lt;b&gt;Eve&lt;/b&gt; &amp; &quot;&#39;</bdi>"},
               {"{{7*7}}", "<bdi>{{7*7}}</bdi>"},
               {"{{title}}", "<bdi>{{title}}</bdi>"},
               {"{{>style}}", "<bdi>{{&gt;style}}</bdi>"},
               {"\u202Enimda", "<bdi>\uFFFDnimda</bdi>"},
               {"</bdi></p><script>", "<bdi>&lt;/bdi&gt;&lt;/p&gt;&lt;script&gt;</bdi>"}};
  for (const auto& [name, shown] : cases) {
    EXPECT_TRUE(has(render_confirm_page(name, "/x").body, shown)) << name;
    EXPECT_TRUE(has(render_reject_page(name).body, shown)) << name;
  }
  EXPECT_TRUE(has(render_confirm_page("Ada", "\"><script>").body, "action=\"&quot;&gt;&lt;script&gt;\""));
  EXPECT_TRUE(has(render_error_page("<title>", "<b>").body, "<p>&lt;b&gt;</p>"));
}

}  // namespace
}  // namespace latchkey::web
