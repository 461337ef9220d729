// How `latchkey move` reads what it is given, and shows what it does.
#include <gtest/gtest.h>

#include <stdexcept>
#include <stop_token>
#include <string>

#include "app/cli/move_progress.h"
#include "app/cli/move_url.h"
#include "app/cli/parse.h"
#include "base/error.h"

namespace latchkey::app::cli {
namespace {

using Progress = move::MoveObserver::Progress;
using Phase = move::MoveObserver::Phase;

class Recorder final : public Console {
 public:
  void out(std::string_view text) override { written += text; }
  void err(std::string_view text) override { complained += text; }
  std::string written;
  std::string complained;
};

TEST(CliMove, ReadsBothOptionsOrNone) {
  const auto both = std::get<Invocation>(parse({"move", "--from", "sqlite:/a", "--to", "postgresql://h/x"}));
  EXPECT_EQ(std::get<Move>(both.command).from, "sqlite:/a");
  EXPECT_EQ(std::get<Move>(both.command).to, "postgresql://h/x");
  const auto none = std::get<Invocation>(parse({"move"}));
  EXPECT_FALSE(std::get<Move>(none.command).from.has_value());
  EXPECT_FALSE(std::get<Move>(none.command).to.has_value());
}

TEST(CliMove, NamesStores) {
  EXPECT_EQ(parse_store_url("sqlite:/var/lib/latchkey/").name, "sqlite:/var/lib/latchkey");
  EXPECT_EQ(parse_store_url("sqlite:///var/lib/../lib/latchkey").directory, "/var/lib/latchkey");
  EXPECT_TRUE(parse_store_url("sqlite:data").directory.is_absolute());
  const auto postgres = parse_store_url("postgresql://ann:secret@h:5432/x");
  EXPECT_EQ(postgres.dialect, db::Dialect::postgres);
  EXPECT_EQ(postgres.name, "postgresql://ann@h:5432/x");
  for (const char* text : {"", "sqlite:", "mysql://h/x", "/var/lib/latchkey", "host=h dbname=x"})
    EXPECT_THROW(parse_store_url(text), std::runtime_error) << text;
}

TEST(CliMove, SeesPasswordsInArguments) {
  EXPECT_TRUE(holds_password("postgresql://ann:secret@h/x"));
  EXPECT_TRUE(holds_password("postgres://h/x?password=secret"));
  EXPECT_FALSE(holds_password("postgresql://ann@h:5432/x"));
  EXPECT_FALSE(holds_password("postgresql://h:5432/x?host=a@b"));
  EXPECT_FALSE(holds_password("sqlite:/a:b@c"));
}

TEST(CliMove, TheBarShowsHowFarItIs) {
  EXPECT_EQ(render_bar({.phase = Phase::copy, .table = "users", .done = 0, .total = 10}),
            "copying   users        [                              ]   0 %            0");
  EXPECT_EQ(render_bar({.phase = Phase::check, .table = "users", .done = 5, .total = 10}),
            "comparing users        [###############               ]  50 %            5");
  // An empty table is done; a source that grows is never more than done.
  EXPECT_NE(render_bar({.phase = Phase::copy, .table = "users", .done = 0, .total = 0}).find("100 %"),
            std::string::npos);
  EXPECT_NE(render_bar({.phase = Phase::copy, .table = "users", .done = 30, .total = 10}).find("100 %"),
            std::string::npos);
}

TEST(CliMove, LinesAreWrittenForTablesThatAreDone) {
  Recorder console;
  MoveProgress progress(console, MoveProgress::Style::lines, {});
  progress.progress({.phase = Phase::copy, .table = "users", .done = 500, .total = 900});
  EXPECT_EQ(console.written, "");
  progress.progress({.phase = Phase::copy, .table = "users", .done = 900, .total = 900});
  EXPECT_EQ(console.written, "copying users: 900 rows\n");
  EXPECT_EQ(console.complained, "");
}

TEST(CliMove, TheBarGoesBeforeSentencesCome) {
  Recorder console;
  MoveProgress progress(console, MoveProgress::Style::bar, {});
  progress.progress({.phase = Phase::copy, .table = "users", .done = 900, .total = 900});
  EXPECT_NE(console.complained.find("copying   users"), std::string::npos);
  progress.tell("a sentence");
  EXPECT_TRUE(console.complained.ends_with("\r\x1b[K"));
  EXPECT_EQ(console.written, "a sentence\n");
}

TEST(CliMove, AServerThatStopsEndsTheMove) {
  Recorder console;
  std::stop_source stop;
  MoveProgress progress(console, MoveProgress::Style::lines, stop.get_token());
  stop.request_stop();
  EXPECT_THROW(progress.progress({.phase = Phase::copy, .table = "users", .done = 1, .total = 9}),
               Unavailable);
}

}  // namespace
}  // namespace latchkey::app::cli
