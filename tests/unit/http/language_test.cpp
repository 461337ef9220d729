#include "http/language.h"

#include <gtest/gtest.h>

namespace latchkey::http {
namespace {

TEST(PreferredLanguage, IsTheFirstOfTheHighestWeight) {
  const struct {
    const char* header;
    const char* language;
  } cases[] = {
      {"de", "de"},
      {"de-AT,de;q=0.9,en;q=0.8", "de-AT"},
      {"en;q=0.5, fr ; q=0.75 ,es;Q=0.750", "fr"},
      {"*,de;q=0.3", "de"},
      {"de;q=0", ""},
      {"de;q=0.0,en;q=0.001", "en"},
      {"zh-Hant-TW", "zh-Hant-TW"},
      {",, ,it,", "it"},
      {"", ""},
      {"*", ""},
      {"../../etc/passwd, \xff, de\r\n", "de"},
      {"{{x}}", ""},
      {"de;q=2,en;q=1.0001,fr;level=1,es;q=0.1", "es"},
      {"1de,-de,de-", ""},
      {"abcdefghij-abcdefghij-abcdefghij-abcd", ""},
  };
  for (const auto& [header, language] : cases) EXPECT_EQ(preferred_language(header), language) << header;
  EXPECT_EQ(preferred_language(std::string(100'000, ',') + "de"), "de");
}

}  // namespace
}  // namespace latchkey::http
