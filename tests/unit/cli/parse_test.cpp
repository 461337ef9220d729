#include <gtest/gtest.h>

#include "app/cli/argument_values.h"
#include "app/cli/parse.h"
#include "app/cli/secret_input.h"
#include "app/cli/store_commands.h"

namespace latchkey::app::cli {
namespace {

using Arguments = std::vector<std::string>;

Invocation invocation(const Arguments& arguments) {
  auto parsed = parse(arguments);
  if (const auto* ending = std::get_if<Ending>(&parsed)) ADD_FAILURE() << ending->err << ending->out;
  return std::get<Invocation>(parsed);
}

template <class T>
T command(const Arguments& arguments) {
  return std::get<T>(invocation(arguments).command);
}

Ending ending(const Arguments& arguments) {
  const auto parsed = parse(arguments);
  if (const auto* found = std::get_if<Invocation>(&parsed)) {
    ADD_FAILURE() << "taken for " << name_of(found->command);
    return {};
  }
  return std::get<Ending>(parsed);
}

TEST(CliParse, EveryCommandIsKnownByItsName) {
  const std::vector<Arguments> table{
      {"serve"},
      {"user add", "--email", "a@b.org", "--username", "abc", "--password-stdin"},
      {"user invite", "a@b.org"},
      {"user list"},
      {"user show", "7"},
      {"user block", "7"},
      {"user unblock", "7"},
      {"user unlock", "7"},
      {"user set-role", "7", "admin"},
      {"user delete", "7"},
      {"user remove-factor", "--now", "7", "totp"},
      {"keys list"},
      {"keys rotate"},
      {"keys revoke", "kid"},
      {"keys rekey"},
      {"mail list"},
      {"mail retry"},
      {"mail show", "--last"},
      {"passwords index", "list"},
      {"migrate"},
      {"backup", "file"},
      {"restore", "file"},
      {"compact"},
      {"move"},
      {"doctor"},
      {"config"},
      {"openapi"},
  };
  EXPECT_EQ(table.size(), std::variant_size_v<Command>);
  for (const auto& row : table) {
    Arguments arguments(row.begin() + 1, row.end());
    const std::string& name = row.front();
    const auto space = name.find(' ');
    if (space != std::string::npos) arguments.insert(arguments.begin(), name.substr(space + 1));
    arguments.insert(arguments.begin(), name.substr(0, space));
    EXPECT_EQ(name_of(invocation(arguments).command), name);
  }
}

TEST(CliParse, UserAddTakesAllItsFlags) {
  const auto plain =
      command<UserAdd>({"user", "add", "--email", "a@b.org", "--username", "A B", "--password-stdin"});
  EXPECT_EQ(plain.email, "a@b.org");
  EXPECT_EQ(plain.username, "A B");
  EXPECT_EQ(plain.role, Role::user);
  EXPECT_FALSE(plain.confirmed);
  EXPECT_EQ(plain.input, UserAdd::Input::password);

  const auto full = command<UserAdd>({"user", "add", "--role=moderator", "--confirmed",
                                      "--password-hash-stdin", "--username=u", "--email=e@b.org"});
  EXPECT_EQ(full.role, Role::moderator);
  EXPECT_TRUE(full.confirmed);
  EXPECT_EQ(full.input, UserAdd::Input::password_hash);
}

TEST(CliParse, PasswordsIndexTakesAListAndItsPlace) {
  const auto usual = command<PasswordsIndex>({"passwords", "index", "pwned.txt"});
  EXPECT_EQ(usual.list, "pwned.txt");
  EXPECT_EQ(usual.to, std::nullopt);
  EXPECT_FALSE(usual.plain);
  const auto full = command<PasswordsIndex>({"passwords", "index", "--plain", "--to", "index", "/dev/stdin"});
  EXPECT_EQ(full.list, "/dev/stdin");
  EXPECT_EQ(full.to, "index");
  EXPECT_TRUE(full.plain);
}

TEST(CliParse, ValuesAreTakenAsTheyStand) {
  // Words that are commands elsewhere, or look special to a parser, are only values here.
  EXPECT_EQ(command<Backup>({"backup", "user"}).file, "user");
  EXPECT_EQ(command<Backup>({"backup", "[a,b]"}).file, "[a,b]");
  EXPECT_EQ(command<Backup>({"backup", "./-"}).file, "./-");
  EXPECT_EQ(command<Backup>({"backup", "--", "--odd"}).file, "--odd");
  EXPECT_EQ(command<KeysRevoke>({"keys", "revoke", "list"}).kid, "list");
  EXPECT_EQ(command<KeysRevoke>({"keys", "revoke", "--", "-kid_with_a_dash"}).kid, "-kid_with_a_dash");
  const auto add =
      command<UserAdd>({"user", "add", "--username", "keys", "--email", "{x}@b.org", "--password-stdin"});
  EXPECT_EQ(add.username, "keys");
  EXPECT_EQ(add.email, "{x}@b.org");
}

TEST(CliParse, AValueMayBeginWithADash) {
  const std::string kid = "--" + std::string(41, 'k');
  EXPECT_EQ(command<KeysRevoke>({"keys", "revoke", "-kid"}).kid, "-kid");
  EXPECT_EQ(command<KeysRevoke>({"keys", "revoke", kid}).kid, kid);
  EXPECT_EQ(command<UserShow>({"user", "show", "--json", "-f@b.org"}).user, UserName{"-f@b.org"});
  EXPECT_EQ(command<UserSetRole>({"user", "set-role", "--f@b.org", "admin"}).user, UserName{"--f@b.org"});
  EXPECT_EQ(command<UserBlock>({"user", "block", "-f@b.org", "--data_dir", "d"}).user, UserName{"-f@b.org"});
  const auto add =
      command<UserAdd>({"user", "add", "--email", "-f@b.org", "--username=-abc", "--password-stdin"});
  EXPECT_EQ(add.email, "-f@b.org");
  EXPECT_EQ(add.username, "-abc");
  EXPECT_EQ(invocation({"--data_dir", "-d", "user", "list"}).flags.front().second, "-d");

  EXPECT_EQ(ending({"user", "show", "-h"}).exit_code, exit_done);
  EXPECT_EQ(ending({"user", "show", "-x"}).exit_code, exit_misused);
  EXPECT_NE(ending({"user", "show", "--nosuch", "1"}).err.find("unknown option \"--nosuch\""),
            std::string::npos);
  EXPECT_NE(ending({"backup", "-v"}).err.find("unknown option \"-v\"; for a file of that name write ./-v"),
            std::string::npos);
  EXPECT_NE(ending({"user", "list", "-v"}).err.find("unexpected argument \"-v\""), std::string::npos);
}

TEST(CliParse, JsonIsAskedForByAFlag) {
  EXPECT_EQ(command<UserList>({"user", "list"}).format, Format::text);
  EXPECT_EQ(command<UserList>({"user", "list", "--json"}).format, Format::json);
  EXPECT_EQ(command<UserShow>({"user", "show", "--json", "3"}).format, Format::json);
  EXPECT_EQ(command<KeysList>({"keys", "list", "--json"}).format, Format::json);
  EXPECT_EQ(command<MailList>({"mail", "list", "--json"}).format, Format::json);
}

TEST(CliParse, UsersAreNamedByIdOrAddress) {
  struct Row {
    std::string text;
    std::optional<UserName> name;
  };
  const std::vector<Row> table{
      {"1", UserId{1}},       {"0012", UserId{12}},      {"9223372036854775807", UserId{9223372036854775807}},
      {"a@b.org", "a@b.org"}, {"12@b.org", "12@b.org"},  {" A@B.org ", " A@B.org "},
      {"0", std::nullopt},    {"-1", std::nullopt},      {"+1", std::nullopt},
      {"1 ", std::nullopt},   {"0x1", std::nullopt},     {"9223372036854775808", std::nullopt},
      {"", std::nullopt},     {"someone", std::nullopt},
  };
  for (const auto& row : table) EXPECT_EQ(parse_user_name(row.text), row.name) << row.text;
  EXPECT_EQ(ending({"user", "show", "someone"}).exit_code, exit_misused);
}

TEST(CliParse, MailRetryNamesOneOrAll) {
  EXPECT_EQ(command<MailRetry>({"mail", "retry"}).id, std::nullopt);
  EXPECT_EQ(command<MailRetry>({"mail", "retry", "--all"}).id, std::nullopt);
  const std::string id = "000102030405060708090a0b0c0d0e0f";
  EXPECT_EQ(to_string(command<MailRetry>({"mail", "retry", id}).id.value()), id);
  EXPECT_EQ(ending({"mail", "retry", id, "--all"}).exit_code, exit_misused);
  EXPECT_EQ(ending({"mail", "retry", "12"}).exit_code, exit_misused);
}

TEST(CliParse, SettingsStandBeforeOrBehindEveryCommand) {
  const std::vector<std::pair<std::string, std::string>> wanted{{"data_dir", "/d"},
                                                                {"tokens.access_ttl", "5m"}};
  for (const Arguments& arguments :
       {Arguments{"--data_dir", "/d", "user", "list", "--tokens.access_ttl", "5m", "--config", "f"},
        Arguments{"--tokens.access_ttl=5m", "--config=f", "user", "--data_dir", "/d", "list"},
        Arguments{"user", "list", "--data_dir=/d", "--json", "--config", "f", "--tokens.access_ttl=5m"}}) {
    const auto found = invocation(arguments);
    EXPECT_EQ(found.flags, wanted);
    EXPECT_EQ(found.config_file, "f");
  }
  EXPECT_EQ(invocation({"serve"}).config_file, std::nullopt);
  EXPECT_TRUE(invocation({"serve"}).flags.empty());
}

TEST(CliParse, AnEmptyValueDoesNotTakeTheNextArgument) {
  const auto found = invocation({"--mail.smtp_url=", "serve", "--public_url="});
  EXPECT_EQ(name_of(found.command), "serve");
  const std::vector<std::pair<std::string, std::string>> wanted{{"public_url", ""}, {"mail.smtp_url", ""}};
  EXPECT_EQ(found.flags, wanted);
}

TEST(CliParse, WrongUseIsToldWithAWord) {
  struct Row {
    Arguments arguments;
    std::string word;
  };
  const Arguments add{"user", "add", "--email", "a@b.org", "--username", "abc"};
  const auto with = [](Arguments base, const Arguments& more) {
    base.insert(base.end(), more.begin(), more.end());
    return base;
  };
  const std::vector<Row> table{
      {{}, "a command is missing"},
      {{"nonsense"}, "unknown command"},
      {{"user"}, "a command is missing"},
      {{"user", "nonsense"}, "unknown command"},
      {{"serve", "extra"}, "unexpected argument"},
      {{"serve", "user"}, "unexpected argument"},
      {{"serve", "--nonsense"}, "unknown option"},
      {{"serve", "--tokens.acess_ttl", "5m"}, "--tokens.access_ttl"},
      {{"serve", "--threads"}, "--threads"},
      {{"serve", "--threads", "1", "--threads", "2"}, "--threads"},
      {{"keys", "revoke"}, "KID"},
      {{"backup"}, "FILE"},
      {{"backup", "a", "b"}, "unexpected argument"},
      {{"restore", ""}, "FILE"},
      {{"backup", "-"}, "a backup is a file and not a stream: give FILE a name; a file of the name - is ./-"},
      {{"restore", "-"}, "a backup is a file and not a stream"},
      {{"passwords", "index", "-"}, "for standard input write /dev/stdin; a file of the name - is ./-"},
      {{"passwords", "index", "-x"}, "unknown option \"-x\"; for a file of that name write ./-x"},
      {{"passwords", "index", ""}, "LIST must be the path of a file"},
      {{"user", "set-role", "1"}, "ROLE"},
      {{"user", "set-role", "1", "owner"}, "owner"},
      {add, "--password-stdin"},
      {with(add, {"--password-stdin", "--password-hash-stdin"}), "--password-hash-stdin"},
      {with(add, {"--password-stdin", "--role", "Admin"}), "role"},
      {{"user", "add", "--username", "abc", "--password-stdin"}, "--email"},
      {{"user", "add", "--email", "a@b.org", "--password-stdin"}, "--username"},
  };
  for (const auto& row : table) {
    const auto found = ending(row.arguments);
    EXPECT_EQ(found.exit_code, exit_misused) << row.word;
    EXPECT_NE(found.err.find(row.word), std::string::npos) << found.err;
    EXPECT_NE(found.err.find("--help"), std::string::npos) << found.err;
    EXPECT_EQ(found.err.find('\n'), found.err.size() - 1) << found.err;
    EXPECT_EQ(found.out, "");
  }
}

TEST(CliParse, WhatFollowsAnUnknownOptionIsNotShown) {
  for (const Arguments& arguments :
       {Arguments{"user", "add", "--email", "a@b.org", "--username", "abc", "--password", "hunter2-hunter2"},
        Arguments{"user", "add", "--password=hunter2-hunter2"}}) {
    const auto found = ending(arguments);
    EXPECT_NE(found.err.find("--password"), std::string::npos);
    EXPECT_EQ(found.err.find("hunter2"), std::string::npos) << found.err;
  }
}

TEST(CliParse, HelpAndVersionAreNoCommands) {
  for (const Arguments& arguments :
       {Arguments{"--help"}, Arguments{"-h"}, Arguments{"user", "--help"}, Arguments{"user", "add", "--help"},
        Arguments{"backup", "--help"}, Arguments{"serve", "--help"}, Arguments{"--help", "doctor"}}) {
    const auto found = ending(arguments);
    EXPECT_EQ(found.exit_code, exit_done);
    EXPECT_NE(found.out, "");
    EXPECT_EQ(found.err, "");
  }
  EXPECT_NE(ending({"user", "add", "--help"}).out.find("--password-hash-stdin"), std::string::npos);
  EXPECT_NE(ending({"serve", "--help"}).out.find("--tokens.access_ttl"), std::string::npos);
  EXPECT_EQ(ending({"--version"}).out, std::string("latchkey ") + LATCHKEY_VERSION + "\n");
}

TEST(CliParse, FilesAreMeantFromWhereTheCommandWasGiven) {
  Command relative = Backup{"folder/file"};
  make_absolute(relative, "/home/someone");
  EXPECT_EQ(std::get<Backup>(relative).file, "/home/someone/folder/file");
  Command absolute = Restore{"/file"};
  make_absolute(absolute, "/home/someone");
  EXPECT_EQ(std::get<Restore>(absolute).file, "/file");
}

TEST(CliParse, OneLineEndIsNoPartOfASecret) {
  EXPECT_EQ(without_line_end("word"), "word");
  EXPECT_EQ(without_line_end("word\n"), "word");
  EXPECT_EQ(without_line_end("word\r\n"), "word");
  EXPECT_EQ(without_line_end("word\n\n"), "word\n");
  EXPECT_EQ(without_line_end(" word "), " word ");
  EXPECT_EQ(without_line_end("\n"), "");
  EXPECT_EQ(without_line_end(""), "");
}

}  // namespace
}  // namespace latchkey::app::cli
