#include "web/language.h"

#include <gtest/gtest.h>

#include "unit/web/fixtures.h"
#include "web/pages.h"

namespace latchkey::web::language_test {
namespace {

using namespace test;

constexpr std::string_view head = "[language]\nname = \"Test\"\ndirection = \"ltr\"\n[t]\n";

Language language(std::string_view texts) {
  return {"xx", {"lang/xx.toml", std::string(head) + std::string(texts)}};
}
std::string apply(const Language& to, std::string_view text) {
  return to.apply({.name = "page.html", .text = std::string(text)}).text;
}

TEST(Languages, TextsStandInTemplatesEscapedWithTheirPlaceholders) {
  const auto test = language("a = \"Tom & \\\"Jerry\\\"\"\nb = \"Hello {name}, {name}!\"\n");
  EXPECT_EQ(apply(test, "<p>{{@t.a}}</p>"), "<p>Tom &amp; &quot;Jerry&quot;</p>");
  EXPECT_EQ(apply(test, "{{@t.b}}"), "Hello <bdi>{{name}}</bdi>, <bdi>{{name}}</bdi>!");
  EXPECT_EQ(apply(test, "<a title=\"{{@attribute t.b}}\">"), "<a title=\"Hello {{name}}, {{name}}!\">");
  EXPECT_EQ(apply(test, "{{name}} {{#list}}x{{/list}}"), "{{name}} {{#list}}x{{/list}}");
  const Language::Value values[] = {{"name", "{name}"}};
  EXPECT_EQ(test.fill("t.b", values), "Hello {name}, {name}!");
  EXPECT_EQ(test.resolve("@t.a"), "Tom & \"Jerry\"");
  EXPECT_EQ(test.resolve("as it is"), "as it is");
  EXPECT_THROW(test.resolve("@t.none"), BadTemplate);
  for (const char* wrong : {"{{@t.none}}", "{{@}}", "{{@t.a", "{{@attribute t.none}}"})
    EXPECT_THROW(apply(test, wrong), BadTemplate) << wrong;
}

TEST(Languages, WhatIsNoTextIsRefused) {
  for (const char* wrong :
       {"a = \"<b>\"", "a = \"\"", "a = \"  \"", "a = 1", "a = \"two\\nlines\"", "a = \"{\"", "a = \"}\"",
        "a = \"{}\"", "a = \"{Name}\"", "a = \"{{name}}\"", "a = \"{name\"", "a = [\"x\"]", "a = "})
    EXPECT_THROW(language(wrong), BadTemplate) << wrong;
  EXPECT_THROW(Language("xx", {"x", "[language]\nname = \"x\"\n"}), BadTemplate);
}

TEST(Languages, ThoseOfTheProgramHaveTheSameTextsAndPlaceholders) {
  PageFiles files{std::filesystem::path()};
  const Languages languages(files);
  ASSERT_EQ(languages.size(), 5U);
  EXPECT_EQ(languages[0].tag(), "en");
  for (const Language& other : languages) {
    EXPECT_EQ(other.texts().size(), languages[0].texts().size()) << other.tag();
    EXPECT_FALSE(has(other.name(), "English") && other.tag() != "en");
  }
}

TEST(Languages, EveryPageIsWholeInEachOfThem) {
  const Pages pages({kernel_pages().data(), kernel_pages().size()}, {});
  for (const Language& each : pages.languages()) {
    const std::string query = "lang=" + each.tag();
    RequestFor request("/x?lang=de");
    request.query = query;
    const auto page = pages.render_error(request, Error(ErrorCode::not_found));
    EXPECT_TRUE(
        has(page.body, "<html lang=\"" + each.tag() + "\" dir=\"" + std::string(each.direction()) + "\">"));
    EXPECT_EQ(count(page.body, "aria-current=\"true\""), 1U);
    EXPECT_FALSE(has(page.body, "{{"));
  }
}

}  // namespace
}  // namespace latchkey::web::language_test
