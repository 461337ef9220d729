#include "base/unicode.h"

#include <gtest/gtest.h>

namespace latchkey {
namespace {

TEST(Unicode, J04_knows_utf8) {
  for (const std::string_view good : {"", "a", "é", "€", "😀", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(is_valid_utf8(good)) << good;
  EXPECT_TRUE(is_valid_utf8(std::string_view("a\0b", 3)));
  for (const std::string_view bad :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xf8\x88\x80\x80\x80", "a\xff", "\xe2\x82", "\xf0\x9f\x98"}) {
    EXPECT_FALSE(is_valid_utf8(bad));
  }
}

TEST(Unicode, S10_one_password_typed_on_two_systems_is_the_same) {
  EXPECT_EQ(to_nfc("cafe\xCC\x81"), "café");
  EXPECT_EQ(to_nfc("café"), "café");
  EXPECT_EQ(to_nfc("\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB"), "한");
  EXPECT_EQ(to_nfc("ﬁ"), "ﬁ") << "compatibility forms stay";
  EXPECT_EQ(to_nfc(""), "");
  EXPECT_EQ(to_nfc("\xff"), std::nullopt);
  const std::string nul("a\0\xC3\xA9", 4);
  EXPECT_EQ(to_nfc(nul), nul);
}

TEST(Unicode, trims_white_space_of_every_script) {
  EXPECT_EQ(trim("  a b\t\r\n"), "a b");
  EXPECT_EQ(trim("\u00a0\u3000a\u2028\u0085"), "a");
  EXPECT_EQ(trim("\u200ba\u200b"), "\u200ba\u200b") << "zero width space is not White_Space";
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim(" \u3000 "), "");
  EXPECT_EQ(trim("é"), "é");
  EXPECT_EQ(trim("\xff a\xff"), "\xff a\xff");
  EXPECT_EQ(trim("a\x80\x80\x80\x80"), "a\x80\x80\x80\x80");
  EXPECT_EQ(trim("\x80"), "\x80");
}

TEST(Unicode, counts_code_points) {
  EXPECT_EQ(count_code_points(""), 0U);
  EXPECT_EQ(count_code_points("aé€😀"), 4U);
  EXPECT_EQ(count_code_points("e\xCC\x81"), 2U);
}

TEST(Unicode, J05_sees_control_characters) {
  for (const std::string_view text : {"a\n", "\x1b[31m", "\x7f", "\u0080", "\u009f", "x\u0085y", "\t"}) {
    EXPECT_TRUE(has_control_characters(text));
  }
  EXPECT_TRUE(has_control_characters(std::string_view("a\0b", 3)));
  for (const std::string_view text : {"", "a b", "\u00a0", "é", "Ā", "\u0280", "😀"}) {
    EXPECT_FALSE(has_control_characters(text)) << text;
  }
}

TEST(Unicode, knows_what_shows_nothing) {
  for (const std::string_view text :
       {"", "   ", "\u200b\u200b\u200b", "\u200d\u200c\u200d", "\u202e\u202d\u202c", "\u2066\u2067\u2069",
        "\u200e\u200f\u061c", "\ufeff\u2060\u00ad", "\u3164\u3164\u115f", "\u2800\u2800\u2800",
        "\ufff9\ufffb", "\ufe0f\U000e0100", "\U000e0061", "\u00a0\u3000\u200b", "\u034f\u180e\u17b4",
        "\xff\xff\xff"}) {
    EXPECT_FALSE(has_visible_characters(text)) << text;
  }
  for (const std::string_view text :
       {"a", "\u200bx", "\u202eabc", "नमस्ते", "क\u094d\u200dष", "می\u200cخواهم", "\u06dd", "李", "ひ", "한",
        "Ω", "👩\u200d💻", "\u0301", "-", "\U00012000", "\U0001e900"}) {
    EXPECT_TRUE(has_visible_characters(text)) << text;
  }
}

TEST(Unicode, folds_names_that_look_alike_by_case_or_width) {
  EXPECT_EQ(fold_case("Straße"), fold_case("STRASSE"));
  EXPECT_EQ(fold_case("ÉCOLE"), fold_case("e\xCC\x81"
                                          "cole"));
  EXPECT_EQ(fold_case("ＡＤＭＩＮ"), "admin");
  EXPECT_EQ(fold_case("ﬁsh"), "fish");
  EXPECT_EQ(fold_case("\u212Aelvin"), "kelvin");
  EXPECT_EQ(fold_case("I"), "i") << "no locale";
  EXPECT_NE(fold_case("а"), fold_case("a")) << "Cyrillic stays Cyrillic";
  EXPECT_EQ(fold_case("\xff"), std::nullopt);
}

TEST(Unicode, folding_is_stable) {
  for (const std::string_view text : {"ΌΣΟΣ", "\u0345\u1fb3", "ǅ", "ﷺ", "İ", "\u1E9E", "\u03d3", "㎢"}) {
    const auto once = fold_case(text);
    ASSERT_TRUE(once);
    EXPECT_EQ(fold_case(*once), once) << text;
  }
}

TEST(Unicode, ascii_folding_leaves_other_letters_alone) {
  EXPECT_EQ(to_lower_ascii("ABCxyzÉ"), "abcxyzÉ");
  EXPECT_TRUE(equal_ignoring_ascii_case("Bearer", "bEARER"));
  EXPECT_FALSE(equal_ignoring_ascii_case("Bearer", "Bearers"));
  EXPECT_FALSE(equal_ignoring_ascii_case("[", "{"));
}

}  // namespace
}  // namespace latchkey
