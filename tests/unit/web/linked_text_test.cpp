#include "web/linked_text.h"

#include <gtest/gtest.h>

namespace latchkey::web {
namespace {

/// Links in angle brackets, line ends as `|`.
std::string shown(std::string_view text) {
  std::string out;
  for (const Piece& piece : find_links(text)) {
    out += piece.is_link ? "<" + piece.text + ">" : piece.text;
    if (piece.ends_line) out += '|';
  }
  return out;
}

TEST(LinkedText, FindsAddressesAndKeepsEverythingElse) {
  EXPECT_EQ(shown(""), "");
  EXPECT_EQ(shown("\n"), "|");
  EXPECT_EQ(shown("Hello,\n\nopen\nhttp://localhost:8080/a/b?c=d#e\n"),
            "Hello,||open|<http://localhost:8080/a/b?c=d#e>|");
  EXPECT_EQ(shown("See https://a.example/x, or http://b.example. Now"),
            "See <https://a.example/x>, or <http://b.example>. Now|");
  EXPECT_EQ(shown("(https://a.example/x)"), "(<https://a.example/x>)|");
  EXPECT_EQ(shown("https://a.examplehttps://b.example"), "<https://a.examplehttps://b.example>|");
  EXPECT_EQ(shown("a\tb"), "a    b|");
}

TEST(LinkedText, NothingElseBecomesALink) {
  for (const char* text : {"javascript:alert(1)", "data:text/html,x", "http:/a", "http://", "https://...",
                           "HTTP://A.EXAMPLE", "ftp://a.example", "//a.example", "httphttp"}) {
    EXPECT_EQ(shown(text), std::string(text) + "|");
  }
}

TEST(LinkedText, AnAddressEndsBeforeWhatCouldHideWhereItLeads) {
  EXPECT_EQ(shown("http://a.example/\u202Ex"), "<http://a.example/>\u202Ex|");
  EXPECT_EQ(shown("http://a.example/\"onclick=\""), "<http://a.example/>\"onclick=\"|");
  EXPECT_EQ(shown("http://a.example/<b>"), "<http://a.example/><b>|");
  EXPECT_EQ(shown("http://a.example/\x01x"), "<http://a.example/>\x01x|");
  EXPECT_EQ(shown(std::string("http://a.example/\0x", 19)), std::string("<http://a.example/>\0x|", 22));
}

}  // namespace
}  // namespace latchkey::web
