#include "app/start_text.h"

#include <gtest/gtest.h>

namespace latchkey::app {
namespace {

StartText text() {
  return {.version = "1.2.3",
          .url = "http://localhost:8080",
          .data_dir = "./data",
          .is_for_newcomers = true,
          .is_at_terminal = true};
}

bool says(const StartText& shown, std::string_view part) {
  return render(shown).find(part) != std::string::npos;
}

TEST(StartText, F60_F62_SaysWhereToBegin) {
  const StartText shown = text();
  for (const char* part : {"Latchkey 1.2.3", "http://localhost:8080/\n", "http://localhost:8080/docs\n",
                           "http://localhost:8080/mailbox ", "./data"}) {
    EXPECT_TRUE(says(shown, part)) << part;
  }
}

TEST(StartText, A05_TheLinkIsForNewcomersAtATerminalWithoutAnAdministrator) {
  StartText shown = text();
  EXPECT_TRUE(shown.shows_first_link());
  shown.first_link_token = "to-ken";
  EXPECT_TRUE(says(shown, "http://localhost:8080/first-administrator/to-ken\n"));
  for (bool StartText::*condition : {&StartText::is_for_newcomers, &StartText::is_at_terminal}) {
    StartText other = text();
    other.*condition = false;
    EXPECT_FALSE(other.shows_first_link());
    EXPECT_FALSE(says(other, "first-administrator"));
    EXPECT_TRUE(says(other, "latchkey user add --help"));
  }
  StartText other = text();
  other.has_administrator = true;
  EXPECT_FALSE(other.shows_first_link());
  EXPECT_FALSE(says(other, "dministrator"));
}

TEST(StartText, WithoutNewcomersThereIsNoMailbox) {
  StartText shown = text();
  shown.is_for_newcomers = false;
  EXPECT_FALSE(says(shown, "mailbox"));
}

TEST(StartText, NoNameOfAFolderReachesTheTerminalAsACommand) {
  StartText shown = text();
  shown.data_dir = "a\x1b[2Jb";
  EXPECT_FALSE(says(shown, "\x1b"));
}

}  // namespace
}  // namespace latchkey::app
