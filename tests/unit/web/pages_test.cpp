#include "web/pages.h"

#include <gtest/gtest.h>
#include <algorithm>

#include <regex>
#include <thread>
#include <vector>

#include "app/features.h"
#include "features/confirmation/pages.h"
#include "unit/web/fixtures.h"

namespace latchkey::web {
namespace {

using namespace test;
namespace confirmation = features::confirmation;

const Pages& all_pages() {
  static const Pages pages(app::pages(), {});
  return pages;
}

std::string header_of(const http::Response& response, std::string_view name) {
  for (const auto& header : response.headers)
    if (header.name == name) return header.value;
  return "";
}

TEST(Pages, EveryPageOfTheProgramIsWholeAndLoadsNothingFromElsewhere) {
  const Language& english = all_pages().languages()[0];
  for (const PageFile& row : app::pages()) {
    const auto page = all_pages().render(RequestFor("/a/b"), row);
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
    EXPECT_TRUE(page.body.starts_with("<!DOCTYPE html>\n<html lang=\"en\" dir=\"ltr\">")) << row.file;
    EXPECT_TRUE(page.body.ends_with("</html>\n")) << row.file;
    EXPECT_EQ(count(page.body, "<h1"), 1U) << row.file;
    EXPECT_EQ(count(page.body, "<main id=\"main\""), 1U) << row.file;
    EXPECT_TRUE(has(page.body, "<title>" + std::string(english.resolve(row.title)) + "</title>")) << row.file;
    EXPECT_FALSE(has(page.body, "{{")) << page.body;
    EXPECT_FALSE(has(page.body, "//")) << "no address of another host";
    EXPECT_FALSE(std::regex_search(page.body, std::regex("\\s(on\\w+|style)="))) << row.file;
    // A page that asks for a password has the script of the button that shows it.
    const bool scripted = !row.script.empty() || std::ranges::find(row.fields, FieldKind::password,
                                                                   &Field::kind) != row.fields.end();
    EXPECT_EQ(count(page.body, "<script"), scripted ? 1U : 0U) << row.file;
    EXPECT_EQ(has(page.content_security_policy, "script-src 'self'"), scripted) << row.file;
    EXPECT_FALSE(has(page.content_security_policy, "unsafe"));
    EXPECT_EQ(page.referrer_policy, "same-origin");
    EXPECT_EQ(page.cache_control, "no-store");
    EXPECT_EQ(header_of(page, "Cross-Origin-Opener-Policy"), "same-origin");
  }
}

TEST(Pages, F24LinksLeadToTheRootFromWhereverThePageStands) {
  const struct {
    const char* target;
    const char* root;
  } cases[] = {{"/docs", "./"},
               {"/docs/", "../"},
               {"/api/auth/confirmed_email/t", "../../../"},
               {"/api/auth/confirmed_email/t/", "../../../../"},
               {"/api/auth/confirmed_email/t?next=/a/b", "../../../"},
               {"/api//auth/confirmed_email/t", "../../../../"},
               {"http://example.org/api/auth/confirmed_email/t", "../../../"},
               {"http://example.org", "./"}};
  for (const auto& [target, root] : cases) {
    const auto page = all_pages().render(RequestFor(target), confirmation::confirm_page,
                                         {{"reject_path", "api/auth/rejected_email/t"}});
    EXPECT_TRUE(has(page.body,
                    "<form method=\"post\" action=\"" + std::string(root) + "api/auth/rejected_email/t\">"))
        << target;
    EXPECT_TRUE(has(page.body, "href=\"" + std::string(root) + "assets/latchkey.")) << target;
  }
}

TEST(Pages, TheConfirmationPageHasOneButtonForEachAnswer) {
  const auto body = all_pages()
                        .render(RequestFor("/x"), confirmation::confirm_page,
                                {{"username", "Ada Lovelace"}, {"reject_path", "a.b.c"}})
                        .body;
  EXPECT_EQ(count(body, "<form method=\"post\">"), 1U);
  EXPECT_EQ(count(body, "<form method=\"post\" action=\"./a.b.c\">"), 1U);
  EXPECT_EQ(count(body, "<button type=\"submit\""), 2U);
  EXPECT_TRUE(has(body, "<bdi>Ada Lovelace</bdi>"));
  EXPECT_EQ(
      count(all_pages().render(RequestFor("/x"), confirmation::reject_page).body, "<form method=\"post\">"),
      1U);
  EXPECT_EQ(count(all_pages().render(RequestFor("/x"), confirmation::confirmed_page).body, "<form"), 0U);
}

TEST(Pages, M02J12S14WhatStrangersChoseIsText) {
  const struct {
    const char* name;
    const char* shown;
  } cases[] = {{"<b>Eve</b> & \"'", "<bdi>&lt;b&gt;Eve&lt;/b&gt; &amp; &quot;&#39;</bdi>"},
               {"{{7*7}}", "<bdi>{{7*7}}</bdi>"},
               {"{{title}}", "<bdi>{{title}}</bdi>"},
               {"{{>head}}", "<bdi>{{&gt;head}}</bdi>"},
               {"\u202Enimda", "<bdi>\uFFFDnimda</bdi>"},
               {"</bdi></p><script>", "<bdi>&lt;/bdi&gt;&lt;/p&gt;&lt;script&gt;</bdi>"}};
  for (const auto& [name, shown] : cases) {
    for (const PageFile* page : {&confirmation::confirm_page, &confirmation::reject_page}) {
      EXPECT_TRUE(has(all_pages().render(RequestFor("/x"), *page, {{"username", name}}).body, shown)) << name;
    }
  }
  const auto page = all_pages().render(RequestFor("/\"><script>"), confirmation::confirm_page,
                                       {{"reject_path", "\"><script>"}});
  EXPECT_TRUE(has(page.body, "action=\"./&quot;&gt;&lt;script&gt;\""));
  EXPECT_FALSE(has(page.body, "<script"));
}

TEST(Pages, ADenialIsAPageWithItsStatusAndTheNameOfTheRequest) {
  const auto busy = all_pages().render_error(RequestFor("/x"), Error(ErrorCode::overloaded));
  EXPECT_EQ(busy.status, 503);
  EXPECT_TRUE(has(busy.body, "<h1>The service is busy</h1>"));
  EXPECT_TRUE(has(busy.body, "0123456789abcdef"));
  for (const ErrorCode code : {ErrorCode::invalid_confirmation, ErrorCode::invalid_link}) {
    const auto bad = all_pages().render_error(RequestFor("/x"), Error(code));
    EXPECT_EQ(bad.status, 400);
    EXPECT_TRUE(has(bad.body, "<h1>This link does not work</h1>"));
  }
  for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code) {
    const auto page = all_pages().render_error(RequestFor("/x"), Error(static_cast<ErrorCode>(code)));
    EXPECT_EQ(page.status, describe(static_cast<ErrorCode>(code)).status);
    EXPECT_FALSE(has(page.body, "<h1></h1>")) << code;
  }
}

TEST(Pages, TheServiceIsNamedWhenItHasAName) {
  const Pages pages(app::pages(), {.folder = {}, .service = "login.example.org"});
  const auto page = pages.render(RequestFor("/x"), confirmation::removed_page);
  EXPECT_TRUE(has(page.body, "<title>Account removed – login.example.org</title>"));
}

TEST(Pages, TheOperatorsFilesReplaceThoseBuiltInOneByOne) {
  const Folder folder;
  folder.write("confirmation/removed.html", "\xEF\xBB\xBF<h1>{{title}}!</h1>\n{{>imprint}}\n");
  folder.write("imprint.html", "<p>Us & Sons</p>\n");
  folder.write("assets/latchkey.css", "body{color:red}");
  folder.write(".git/page.html", "{{");
  folder.write("README.txt", "{{");
  const Pages pages(app::pages(), {.folder = folder.path(), .service = {}});
  const auto removed = pages.render(RequestFor("/x"), confirmation::removed_page);
  EXPECT_TRUE(has(removed.body, "<h1>Account removed!</h1>\n<p>Us & Sons</p>\n</div>")) << removed.body;
  EXPECT_TRUE(has(pages.render(RequestFor("/x"), confirmation::confirmed_page).body, "You can sign in now"));
  const auto at = removed.body.find("assets/latchkey.") + 7;
  const auto sheet = pages.assets().find(removed.body.substr(at, removed.body.find('"', at) - at));
  ASSERT_TRUE(sheet.has_value());
  EXPECT_EQ(sheet->body, "body{color:red}");
}

TEST(Pages, F08F18AWrongFolderIsRefusedWithFileAndLine) {
  const struct {
    const char* file;
    const char* text;
    const char* says;
  } cases[] = {
      {"confirmation/confirm.html", "a\n{{usrname}}", "confirm.html, line 2: there is no value \"usrname\""},
      {"confirmation/confirm.html", "{{{username}}}", "confirm.html, line 1: values are always escaped"},
      {"confirmation/confirm.html", "\n\n{{>nothing}}", "confirm.html, line 3: there is no template"},
      {"confirmation/confirm.html", "{{>../../etc/passwd}}", "there is no template"},
      {"confirmation/confirm.html", "{{>content}}", "includes itself"},
      {"confirmation/confrim.html", "<h1>{{title}}</h1>", "confrim.html: no page uses this file"},
      {"layout.html", "{{#title}}", "layout.html, line 1: {{#title}} is not closed"},
      {"error.html", "\xff", "error.html: is not UTF-8"},
  };
  for (const auto& [file, text, says] : cases) {
    const Folder folder;
    folder.write(file, text);
    try {
      const Pages refused(app::pages(), {.folder = folder.path(), .service = {}});
      ADD_FAILURE() << file << ": " << text;
    } catch (const BadTemplate& error) {
      EXPECT_TRUE(has(error.what(), says)) << error.what();
    }
  }
  const Folder folder;
  folder.write("error.html", std::string(300 * 1024, 'x'));
  EXPECT_THROW(Pages(app::pages(), {.folder = folder.path(), .service = {}}), BadTemplate);
  EXPECT_THROW(Pages(app::pages(), {.folder = folder.path() / "nowhere", .service = {}}), BadTemplate);
}

TEST(Pages, ThreadsRenderTheSamePageAtOnce) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([i] {
      const std::string name = "Ada " + std::to_string(i);
      for (int n = 0; n < 100; ++n) {
        const auto page =
            all_pages().render(RequestFor("/x"), confirmation::confirm_page, {{"username", name}});
        EXPECT_TRUE(has(page.body, "<bdi>" + name + "</bdi>"));
      }
    });
  }
}

TEST(Pages, AssetsAreServedUnderTheirHashForEver) {
  const auto& assets = all_pages().assets();
  const std::string name = assets.path_of("latchkey.css").substr(7);
  const auto sheet = assets.find(name);
  ASSERT_TRUE(sheet.has_value());
  EXPECT_EQ(sheet->content_type, "text/css; charset=utf-8");
  EXPECT_EQ(sheet->cache_control, "public, max-age=31536000, immutable");
  EXPECT_EQ(assets.find(assets.path_of("latchkey.js").substr(7))->content_type,
            "text/javascript; charset=utf-8");
  const auto other_version = assets.find("latchkey.0123456789abcdef.css");
  ASSERT_TRUE(other_version.has_value());
  EXPECT_EQ(other_version->cache_control, "no-store");
  for (const char* wrong :
       {"", ".", "latchkey.css", "latchkey.0123.css", "x.0123456789abcdef.css", "0123456789abcdef.css",
        "../layout.0123456789abcdef.html", "latchkey.0123456789abcdef", ".0123456789abcdef."}) {
    EXPECT_FALSE(assets.find(wrong).has_value()) << wrong;
  }
  EXPECT_LE(assets.find(assets.path_of("docs.js").substr(7))->body.size(), 10U * 1024U);
  EXPECT_LE(assets.find(assets.path_of("latchkey.js").substr(7))->body.size(), 4U * 1024U);
}

}  // namespace
}  // namespace latchkey::web
