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

TEST(Template, ListsRepeatTheirSectionWithTheValuesOfEachItem) {
  constexpr std::array<std::string_view, 4> variables{"owner", "rows.name", "rows.tags.tag", "rows.owner"};
  const Template list("t",
                      "{{owner}}:{{#rows}} "
                      "{{name}}({{#tags}}{{name}}{{tag}}{{owner}};{{/tags}}{{^tags}}-{{/tags}}){{/"
                      "rows}}{{^rows}} none{{/rows}}",
                      Markup::html, variables);
  TemplateValues first{{"name", "<a>"}, {"owner", "x"}};
  first.set("tags", std::vector<TemplateValues>{{{"tag", "1"}}, {{"tag", "2"}}});
  TemplateValues values{{"owner", "me"}};
  values.set("rows", std::vector{first, TemplateValues{{"name", "b"}}});
  EXPECT_EQ(list.render(values), "me: &lt;a&gt;(&lt;a&gt;1x;&lt;a&gt;2x;) b(-)");
  EXPECT_EQ(list.render({{"owner", "me"}}), "me: none");
}

TEST(Template, ATagThatHasItsLineToItselfLeavesNone) {
  const Template lines("t", "a\n  {{#a}}\nb\n{{/a}}  \n{{! note }}\nc {{#b}}d{{/b}}\n{{#a}}\n{{/a}}",
                       Markup::text, names);
  EXPECT_EQ(lines.render({{"a", "x"}}), "a\nb\nc \n");
  EXPECT_EQ(lines.render({{"b", "x"}}), "a\nc d\n");
}

TEST(Template, PartialsStandInTheirPlace) {
  const Partials partials = [](std::string_view name) -> std::optional<TemplateSource> {
    if (name == "word") return TemplateSource{"word.html", "<b>{{a}}</b>\n"};
    if (name == "again") return TemplateSource{"again.html", "{{#b}}{{>again}}{{/b}}"};
    if (name == "wrong") return TemplateSource{"wrong.html", "\n{{a}}\n{{c}}"};
    return std::nullopt;
  };
  const Template both("t", "[{{>word}}]\n{{>word}}\n{{#b}}{{>word}}{{/b}}", Markup::html, names, partials);
  EXPECT_EQ(both.render({{"a", "{{>word}}"}}), "[<b>{{&gt;word}}</b>]\n<b>{{&gt;word}}</b>\n");
  const struct {
    std::string_view text;
    std::string_view says;
  } bad[] = {{"{{>nowhere}}", "there is no template \"nowhere\""},
             {"{{>again}}", "again.html, line 1: again.html includes itself"},
             {"{{>wrong}}", "wrong.html, line 3: there is no value \"c\""}};
  for (const auto& [text, says] : bad) {
    try {
      const Template refused("t", text, Markup::html, names, partials);
      ADD_FAILURE() << text;
    } catch (const BadTemplate& error) {
      EXPECT_NE(std::string_view(error.what()).find(says), std::string_view::npos) << error.what();
    }
  }
}

TEST(Template, InclusionsAreBoundedInDepthAndInSum) {
  const auto expect_refused = [](const Partials& partials, std::string_view why) {
    try {
      const Template refused("t", "{{>0}}", Markup::html, names, partials);
      ADD_FAILURE() << why;
    } catch (const BadTemplate& error) {
      EXPECT_NE(std::string_view(error.what()).find(why), std::string_view::npos) << error.what();
    }
  };
  // Each includes the next one `times`, and the last one is a text.
  const auto chain = [](std::size_t files, std::size_t times, std::size_t last) -> Partials {
    return [=](std::string_view name) -> std::optional<TemplateSource> {
      const std::size_t number = std::stoul(std::string(name));
      std::string text;
      for (std::size_t i = 0; number + 1 < files && i < times; ++i)
        text += "{{>" + std::to_string(number + 1) + "}}";
      if (number + 1 == files) text = std::string(last, 'x');
      return TemplateSource{std::string(name), text};
    };
  };
  EXPECT_EQ(Template("t", "{{>0}}", Markup::html, names, chain(16, 2, 1)).render({}).size(), 1U << 15U);
  expect_refused(chain(17, 1, 1), "15, line 1: templates include each other more than 16 levels deep");
  expect_refused(chain(16, 30, 100), "the templates that t includes");
  EXPECT_EQ(Template("t", "{{>0}}", Markup::html, names, chain(1, 0, 1U << 20U)).render({}).size(),
            1U << 20U);
  expect_refused(chain(1, 0, (1U << 20U) + 1), "the templates that t includes");
}

TEST(Template, WhatWouldBeWrongAtRenderingIsRefusedAtStart) {
  constexpr std::array<std::string_view, 3> variables{"a", "rows.b", "b"};
  for (const char* text :
       {"{{#a}}", "{{#a}}{{#b}}{{/a}}{{/b}}", "{{/a}}", "{{rows}}", "{{rows.b}}", "{{#rows}}{{c}}{{/rows}}",
        "{{{a}}}", "{{& a}}", "{{=<% %>=}}", "{{>a}}", "{{}}", "{{#}}{{/}}", "{{a", "\xff"}) {
    EXPECT_THROW(Template("t", text, Markup::html, variables), BadTemplate) << text;
  }
  EXPECT_EQ(Template("t", "{{#rows}}{{b}}{{/rows}}{{b}}", Markup::html, variables).render({{"b", "x"}}), "x");
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
