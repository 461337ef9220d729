#include <gtest/gtest.h>

#include "app/cli/table.h"
#include "unit/cli/fixtures.h"

namespace latchkey::app::cli {
namespace {

TEST(CliTable, ColumnsAreAligned) {
  TextConsole console;
  Table table(console, {"ID", "NAME"});
  table.add({"1", "Zoë"});
  table.add({"100", "Al"});
  table.flush();
  table.add({"10000", "Later"});
  table.flush();
  EXPECT_EQ(console.written, "ID   NAME\n1    Zoë\n100  Al\n10000  Later\n");
  EXPECT_EQ(table.size(), 3U);
}

TEST(CliTable, F25ColumnsAreAlignedByWhatATerminalShows) {
  TextConsole console;
  Table table(console, {"NAME", "ROLE"});
  table.add({"王小明", "user"});
  table.add({"Zoe\u0308", "user"});  // two characters that show as one
  table.add({"カナ", "admin"});
  table.add({"한글 😀", "user"});
  table.flush();
  EXPECT_EQ(console.written,
            "NAME     ROLE\n"
            "王小明   user\n"
            "Zoe\u0308      user\n"
            "カナ     admin\n"
            "한글 😀  user\n");
}

TEST(CliTable, NothingIsWrittenForNothing) {
  TextConsole console;
  Table table(console, {"ID"});
  table.flush();
  EXPECT_EQ(console.written, "");
}

TEST(CliTable, NoValueDisturbsATerminal) {
  EXPECT_EQ(printable("a\x1b[31mb"), "a\\u{1b}[31mb");
  EXPECT_EQ(printable("a\nb\tc"), "a\\u{a}b\\u{9}c");
  EXPECT_EQ(printable("a\u202eb"), "a\\u{202e}b");
  EXPECT_EQ(printable("\u0085\u2066"), "\\u{85}\\u{2066}");
  EXPECT_EQ(printable("Zoë 😀"), "Zoë 😀");
  EXPECT_EQ(printable("bad \xff\x1b"), "bad ??");
}

TEST(CliTable, AJsonArrayIsWhole) {
  TextConsole console;
  JsonArray empty(console);
  empty.finish();
  EXPECT_EQ(console.written, "[]\n");
  console.written.clear();
  JsonArray array(console);
  array.add("1");
  array.flush();
  array.add("2");
  array.finish();
  EXPECT_EQ(console.written, "[\n1,\n2\n]\n");
}

}  // namespace
}  // namespace latchkey::app::cli
