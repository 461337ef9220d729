#include "base/template.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

namespace latchkey {
namespace {

constexpr std::array<std::string_view, 2> names{"a", "b"};

TEST(Template, ValuesArePutInAndEscapedByMarkup) {
  const Template html("t", "<p>{{a}} {{ b }} {{a}}</p>\n", Markup::html, names);
  EXPECT_EQ(html.render({{"a", "<&>\"'"}, {"b", "{{a}}"}}),
            "<p>&lt;&amp;&gt;&quot;&#39; {{a}} &lt;&amp;&gt;&quot;&#39;</p>\n");
  const Template text("t", "{{a}}\n", Markup::text, names);
  EXPECT_EQ(text.render({{"a", "<&>\"'"}}), "<&>\"'\n");
  EXPECT_EQ(text.render({}), "\n");
}

TEST(Template, SectionsAskWhetherThereIsAValue) {
  const Template both("t", "{{#a}}yes {{b}}{{/a}}{{^a}}no{{/a}}{{! a comment, {{{a}} }}", Markup::text,
                      names);
  EXPECT_EQ(both.render({{"a", "x"}, {"b", "y"}}), "yes y }}");
  EXPECT_EQ(both.render({{"a", ""}, {"b", "y"}}), "no }}");
}

TEST(Template, ThreadsMayRenderTheSameOne) {
  const Template shared("t", "{{a}}{{#b}}-{{b}}{{/b}}", Markup::html, names);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&shared, i] {
      const std::string value(static_cast<std::size_t>(i) + 1, '<');
      std::string expected;
      append_html(expected, value);
      for (int n = 0; n < 200; ++n) EXPECT_EQ(shared.render({{"a", value}}), expected);
    });
  }
}

TEST(Template, S14InertTextKeepsScriptsAndShowsTricks) {
  EXPECT_EQ(make_inert("Zoë 日本 नमस्ते \U0001F469\u200D\U0001F680 שלום"),
            "Zoë 日本 नमस्ते \U0001F469\u200D\U0001F680 שלום");
  for (const char* trick : {"\u202A", "\u202E", "\u2066", "\u2069", "\u200E",     "\u200F", "\u061C",
                            "\u200B", "\u2060", "\uFEFF", "\u00AD", "\u3164",     "\u2028", "\u0085",
                            "\x01",   "\x7f",   "\n",     "\t",     "\U000E0041", "\xff",   "\xC0"}) {
    EXPECT_EQ(make_inert(trick), "\uFFFD") << trick;
  }
  EXPECT_EQ(make_inert(std::string_view("\0", 1)), "\uFFFD");
  EXPECT_EQ(make_inert("\xE2\x80"), "\uFFFD\uFFFD");
}

}  // namespace
}  // namespace latchkey
