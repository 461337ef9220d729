#include "base/inline_text.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace latchkey {
namespace {

TEST(InlineText, HoldsShortTextsAndLongOnes) {
  for (const std::size_t size : {0, 1, 8, 9, 1000}) {
    const std::string text(size, 'x');
    InlineText<8> made{text};
    EXPECT_EQ(std::string_view(made), text);
    const InlineText<8> copied = made;
    const InlineText<8> moved = std::move(made);
    EXPECT_EQ(std::string_view(copied), text);
    EXPECT_EQ(std::string_view(moved), text);
  }
  EXPECT_EQ(std::string_view(InlineText<8>()), "");
}

TEST(InlineText, KeepsEveryByte) {
  const std::string text("a\0b\xff", 4);
  EXPECT_EQ(std::string_view(InlineText<2>{text}), text);
}

}  // namespace
}  // namespace latchkey
