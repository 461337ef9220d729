// How `latchkey move` reads what it is given, and shows what it does.
#include <gtest/gtest.h>

#include <cstdlib>
#include <initializer_list>
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

/// Why a URL is refused, or "taken".
std::string refusal_of(const std::string& url) {
  try {
    return "taken: " + parse_store_url(url).name;
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

TEST(CliMove, F01SaysHowToWriteAUrlAndNothingOfIt) {
  for (const std::string password :
       {"hunter%ss", "hunter%", "hunter%0", "hunter%00", "hunter2@secret", "@hunter", "hunter/def",
        "123/hunter", "123/4", "hun?ter/x", "hunter@secret?hunter", "hunter/x?sslmode=disable", "hunter:/1",
        "hunter,secret/x"}) {
    for (const std::string user : {"eva", "eva,bob", "a/b"}) {
      const std::string told = refusal_of("postgresql://" + user + ":" + password + "@db/auth");
      EXPECT_TRUE(told.starts_with("this PostgreSQL URL cannot be used: ")) << told;
      EXPECT_NE(told.find("@ is %40"), std::string::npos) << told;
      for (const char* piece : {"hunter", "secret", "def", "123", "hun?", "eva", "bob", "auth"})
        EXPECT_EQ(told.find(piece), std::string::npos) << piece << " in " << told;
    }
  }
  EXPECT_NE(refusal_of("postgresql://ann@db/auth?sslmod=hunter2").find("a parameter behind the ?"),
            std::string::npos);
  EXPECT_EQ(refusal_of("postgresql://ann@db/auth?sslmod=hunter2").find("hunter2"), std::string::npos);
  EXPECT_NE(refusal_of("postgresql://ann@db:54x2/auth").find("one of its hosts or ports"), std::string::npos);
  EXPECT_NE(refusal_of("postgresql://ann@d$b/auth").find("one of its hosts or ports"), std::string::npos);
}

TEST(CliMove, F01_AnAtSignInAParameterIsRefusedWhereItCanEndAPassword) {
  for (const std::string url : {"postgresql://ann:47/x?user=y@h/d", "postgresql://ann:47/?user=y@h/d",
                                "postgresql://ann:a@47:11/x?user=y@h/d", "postgresql://ann:47/x?host=@h/d",
                                "postgresql://h/d?user=a:b@h"}) {
    EXPECT_NE(refusal_of(url).find("must be written %40"), std::string::npos) << url << refusal_of(url);
  }
  EXPECT_EQ(refusal_of("postgresql://h:5432/d?user=me%40server"), "taken: postgresql://me@server@h:5432/d");
}

TEST(CliMove, TakesWhatLibpqTakes) {
  for (const auto& [url, name] : std::initializer_list<std::pair<std::string, std::string>>{
           {"postgresql://ann:pa%25%40%2F%3A%3F%23@db:5432/auth", "postgresql://ann@db:5432/auth"},
           {"postgresql://ann:a?b#c[d]e!@db/auth", "postgresql://ann@db/auth"},
           {"postgresql://ann@[::1]:5432,db_2:/auth", "postgresql://ann@::1:5432,db_2/auth"},
           {"postgresql:///auth?host=/run/postgresql", "postgresql:///run/postgresql/auth"},
           {"postgresql://%2Frun%2Fpostgresql/auth", "postgresql:///run/postgresql/auth"},
           {"postgresql:///auth?host=@abstract&user=me@server", "postgresql://me@server@@abstract/auth"},
           {"postgresql://db", "postgresql://db"}}) {
    EXPECT_EQ(refusal_of(url), "taken: " + name);
  }
}

TEST(CliMove, AddsWhatTheEnvironmentSaysToTheQuery) {
  ::setenv("PGPASSWORD", "p/w", 1);
  ::setenv("PGPASSFILE", "/a&b", 1);
  const auto url = [](std::string_view text) { return std::string(parse_store_url(text).url.text()); };
  EXPECT_EQ(url("postgresql://ann@h/x"), "postgresql://ann@h/x?password=%70%2F%77&passfile=%2F%61%26%62");
  EXPECT_EQ(url("postgresql://ann@h/x?sslmode=require"),
            "postgresql://ann@h/x?sslmode=require&password=%70%2F%77&passfile=%2F%61%26%62");
  EXPECT_EQ(url("postgresql://ann:a?b@h/x"), "postgresql://ann:a?b@h/x?passfile=%2F%61%26%62");
  EXPECT_EQ(url("postgresql://ann@h/x?password=q&passfile=/c"),
            "postgresql://ann@h/x?password=q&passfile=/c");
  ::unsetenv("PGPASSWORD");
  ::unsetenv("PGPASSFILE");
}

TEST(CliMove, SeesPasswordsInArguments) {
  EXPECT_TRUE(holds_password("postgresql://ann:se?cret@h/x"));
  EXPECT_TRUE(holds_password("postgres://h/x?sslmode=require&sslpassword=secret"));
  EXPECT_FALSE(holds_password("postgres://h/x?application_name=password"));
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
