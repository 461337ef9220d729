#include "mail/plain_name.h"

#include <gtest/gtest.h>

namespace latchkey::mail {
namespace {

TEST(PlainName, F48_M12_NothingThatLooksLikeALinkStaysOne) {
  const struct {
    std::string_view name;
    std::string_view shown;
  } cases[] = {
      {"https://evil.example/win-a-prize now", "https: / / evil. example/ win-a-prize now"},
      {"www.evil.example", "www. evil. example"},
      {"evil.example", "evil. example"},
      {"evil .example", "evil . example"},
      {"prize@evil.example", "prize@ evil. example"},
      {"mailto:prize", "mailto: prize"},
      {"198.51.100.7:8080/x", "198. 51. 100. 7: 8080/ x"},
      {"\\\\evil\\share", "\\ \\ evil\\ share"},
      {"javascript:alert(1)", "javascript: alert(1)"},
      // Dots of other scripts, which resolvers take for one, and wide forms.
      {"evil。example", "evil。 example"},
      {"evil．example", "evil． example"},
      {"evil｡example", "evil｡ example"},
      {"evil․example", "evil․ example"},
      {"https：／／evil", "https： ／ ／ evil"},
      {"prize＠evil", "prize＠ evil"},
      {"..evil.example", ".. evil. example"},
  };
  for (const auto& [name, shown] : cases) EXPECT_EQ(without_links(name), shown);
}

TEST(PlainName, F48_M12_OrdinaryNamesStayAsTheyAreInAllScripts) {
  for (const std::string_view name :
       {"Ada Lovelace", "Zoë Ångström", "O'Brien-Smith", "Dr. No", "J. R. R. Tolkien", "user_12345", "...",
        "Ada L.", "李小龙", "محمد علی\u200cزاده", "Ελένη", "अनीता", "ada+tag", "a", "", "50% off?",
        "👩‍👩‍👧 family"}) {
    EXPECT_EQ(without_links(name), name);
  }
  EXPECT_EQ(without_links("J.R.R. Tolkien"), "J. R. R. Tolkien");
  EXPECT_EQ(without_links("...dots"), "... dots");
}

TEST(PlainName, WhatIsNoUtf8GoesThroughUnharmed) {
  EXPECT_EQ(without_links("\xff.\xe3\x80"), "\xff. \xe3\x80");
}

}  // namespace
}  // namespace latchkey::mail
