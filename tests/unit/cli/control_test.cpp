#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <future>
#include <list>
#include <optional>
#include <thread>

#include "app/cli/channel.h"
#include "app/cli/control_client.h"
#include "app/cli/control_server.h"
#include "app/cli/control_socket.h"
#include "app/cli/parse.h"
#include "app/cli/restore.h"
#include "store/sessions.h"
#include "store/signing_keys.h"
#include "store/state.h"
#include "unit/cli/fixtures.h"

namespace latchkey::app::cli {
namespace {

using namespace std::chrono_literals;
using Arguments = std::vector<std::string>;

/// A server without HTTP: a store, and the socket that answers for it.
class Control : public testing::Test {
 protected:
  struct Answer {
    std::optional<int> code;
    std::string out;
    std::string err;
  };

  Control() : loaded(load()) {}

  settings::Loaded load() const {
    auto result = settings::load({.config_file = std::nullopt,
                                  .environment = {},
                                  .flags = {{"data_dir", data_dir.string()},
                                            {"password.argon2_memory_kib", "64"},
                                            {"password.argon2_passes", "1"}}});
    return std::move(*result);
  }

  void start() {
    core = std::make_unique<Core>(loaded.settings, clock, Purpose::command);
    server = std::make_unique<ControlServer>(
        *core, loaded, Hooks{[this](std::function<void()> work) { restart.set_value(std::move(work)); }});
    server->start();
  }
  void stop() {
    server.reset();
    core.reset();
  }

  Answer ask(const Arguments& arguments, std::string_view input = "") const {
    const auto parsed = parse(arguments);
    const Secret secret(input);
    TextConsole console;
    // What does not parse is forwarded all the same: the server has to stand it.
    const Command command = std::holds_alternative<Invocation>(parsed) ? std::get<Invocation>(parsed).command
                                                                       : Command(Migrate{});
    const Request request{.arguments = arguments, .directory = root.path(), .input = secret};
    const auto code = ask_server(data_dir, command, request, console);
    return {code, console.written, console.complaints};
  }
  Answer add(const std::string& email) const {
    return ask({"user", "add", "--email", email, "--username", "someone", "--confirmed", "--password-stdin"},
               "correct horse battery");
  }

  std::int64_t epoch() const { return core->services().database.run_now(store::state::find_epoch).value(); }

  TemporaryDirectory root;
  std::filesystem::path data_dir = root.path() / "data";
  Clock clock;
  settings::Loaded loaded;
  std::unique_ptr<Core> core;
  std::unique_ptr<ControlServer> server;
  std::promise<std::function<void()>> restart;
};

TEST_F(Control, CommandsAreCarriedOutByTheServer) {
  start();
  const auto added = add("ada@example.org");
  EXPECT_EQ(added.code, exit_done) << added.err;
  const auto listed = ask({"user", "list"});
  EXPECT_EQ(listed.code, exit_done);
  EXPECT_NE(listed.out.find("ada@example.org"), std::string::npos);
  EXPECT_EQ(ask({"user", "show", "ADA@EXAMPLE.ORG", "--json"}).code, exit_done);
  EXPECT_EQ(ask({"doctor"}).code, exit_done);
}

TEST_F(Control, RefusalsAndWrongUseKeepTheirExitCodes) {
  start();
  const auto unknown = ask({"user", "show", "77"});
  EXPECT_EQ(unknown.code, exit_refused);
  EXPECT_EQ(unknown.err, "latchkey: User not found\n");
  const auto weak = ask({"user", "add", "--email", "a@example.org", "--username", "abc", "--password-stdin"},
                        "password123");
  EXPECT_EQ(weak.code, exit_refused);
  EXPECT_EQ(weak.err.find("password123"), std::string::npos);
  EXPECT_EQ(ask({"user", "nonsense"}).code, exit_misused);
  EXPECT_EQ(ask({"serve"}).code, exit_misused);
  EXPECT_EQ(ask({"config"}).code, exit_misused);
}

TEST_F(Control, NobodyIsAskedWhereNoServerRuns) {
  EXPECT_EQ(ask({"user", "list"}).code, std::nullopt);
  start();
  EXPECT_EQ(ask({"user", "list"}).code, exit_done);
  stop();
  EXPECT_EQ(ask({"user", "list"}).code, std::nullopt);
  start();
  EXPECT_EQ(ask({"user", "list"}).code, exit_done);
}

/// Another user who may write into the data directory listens there, and writes into a pipe what is said.
class StrangersSocket {
 public:
  explicit StrangersSocket(const std::filesystem::path& data_dir) {
    if (::pipe(pipe_.data()) != 0) throw std::runtime_error("no pipe");
    child_ = ::fork();
    if (child_ == 0) ::_exit(listen(data_dir));
    char ready = 0;
    if (::read(pipe_[0], &ready, 1) != 1) throw std::runtime_error("the stranger does not listen");
    ::close(pipe_[1]);
  }
  StrangersSocket(const StrangersSocket&) = delete;
  StrangersSocket& operator=(const StrangersSocket&) = delete;
  ~StrangersSocket() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    ::close(pipe_[0]);
  }
  /// Everything that was said until the client went away.
  std::string heard() {
    std::string text;
    char byte = 0;
    while (::read(pipe_[0], &byte, 1) == 1) text += byte;
    return text;
  }

 private:
  int listen(const std::filesystem::path& data_dir) {
    constexpr uid_t nobody = 65534;
    if (::setgid(nobody) != 0 || ::setuid(nobody) != 0) return 1;
    const auto listener = listen_control_socket(data_dir);
    ::fcntl(listener.get(), F_SETFL, 0);
    [[maybe_unused]] auto written = ::write(pipe_[1], "r", 1);
    const int client = ::accept(listener.get(), nullptr, nullptr);
    const auto hello = encode({FrameType::hello, protocol_version.size()});
    written = ::send(client, hello.data(), hello.size(), MSG_NOSIGNAL);
    written = ::send(client, protocol_version.data(), protocol_version.size(), MSG_NOSIGNAL);
    char byte = 0;
    while (::read(client, &byte, 1) == 1) written = ::write(pipe_[1], &byte, 1);
    return 0;
  }
  std::array<int, 2> pipe_{};
  pid_t child_ = -1;
};

TEST_F(Control, F54_K10_APasswordIsNotSaidToAStrangerWhoListensInTheDataDirectory) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can be two users";
  std::filesystem::create_directory(data_dir);
  std::filesystem::permissions(root.path(), std::filesystem::perms(0755));
  std::filesystem::permissions(data_dir, std::filesystem::perms(0777));
  StrangersSocket stranger(data_dir);
  try {
    add("ada@example.org");
    ADD_FAILURE() << "it was said to a stranger";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("runs as user 65534"), std::string::npos) << error.what();
  }
  EXPECT_EQ(stranger.heard(), "");
  // The owner of the data directory has the store, whoever asks.
  ASSERT_EQ(::chown(data_dir.c_str(), 65534, 65534), 0);
  EXPECT_TRUE(is_trusted_server(65534, data_dir));
  EXPECT_FALSE(is_trusted_server(65533, data_dir));
  EXPECT_FALSE(is_trusted_client(65534)) << "but a server of root's listens to root alone";
}

TEST_F(Control, FilesAreMeantFromTheClientsDirectory) {
  start();
  EXPECT_EQ(ask({"backup", "copy.db"}).code, exit_done);
  EXPECT_TRUE(std::filesystem::exists(root.path() / "copy.db"));
  EXPECT_EQ(ask({"backup", "copy.db"}).code, exit_refused);
}

TEST_F(Control, BrokenAndSilentClientsHurtNobodyAndDoNotHoldUpAStop) {
  start();
  std::list<Channel> clients;
  for (int i = 0; i < 8; ++i) {
    auto connection = connect_control_socket(data_dir, std::chrono::steady_clock::now() + 1s);
    ASSERT_TRUE(connection.has_value());
    clients.emplace_back(std::move(*connection), 1s);
    EXPECT_EQ(clients.back().receive(std::chrono::steady_clock::now() + 10s).payload, protocol_version);
    if (i % 2 == 0) clients.back().send(FrameType::exit, "what a server says");
  }
  EXPECT_EQ(ask({"user", "list"}).code, exit_done);
  const auto before = std::chrono::steady_clock::now();
  stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
}

TEST_F(Control, SilentClientsLoseTheirPlacesToOneThatHasACommand) {
  start();
  std::list<Channel> silent;
  for (int i = 0; i < 20; ++i) {
    auto connection = connect_control_socket(data_dir, std::chrono::steady_clock::now() + 1s);
    ASSERT_TRUE(connection.has_value());
    silent.emplace_back(std::move(*connection), 1s);
  }
  EXPECT_EQ(ask({"user", "list"}).code, exit_done);
  // Had the command waited until the silent ones had used up their time, the last that had a place would be
  // gone with the first.
  Channel& last = *std::next(silent.begin(), 15);
  const auto receive = [&] { return last.receive(std::chrono::steady_clock::now() + 10s); };
  EXPECT_EQ(receive().payload, protocol_version);
  last.send(FrameType::argument, "user");
  last.send(FrameType::argument, "list");
  last.send(FrameType::end, "");
  Frame frame = receive();
  while (frame.type != FrameType::exit) frame = receive();
  EXPECT_EQ(frame.payload, std::to_string(exit_done));
}

TEST_F(Control, ManyClientsAtOnceAreAllAnswered) {
  start();
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 40; ++i) {
    answers.push_back(std::async(std::launch::async,
                                 [this, i] { return add("user" + std::to_string(i) + "@example.org"); }));
  }
  for (auto& answer : answers) EXPECT_EQ(answer.get().code, exit_done);
}

TEST_F(Control, ARestoreIsAnsweredOnceTheServerIsBack) {
  start();
  ASSERT_EQ(add("kept@example.org").code, exit_done);
  ASSERT_EQ(ask({"backup", "copy.db"}).code, exit_done);
  ASSERT_EQ(add("later@example.org").code, exit_done);
  const auto before = epoch();
  const auto old_keys = core->services().database.run_now(store::signing_keys::list_keys);
  auto answer = std::async(std::launch::async, [this] { return ask({"restore", "copy.db"}); });
  auto after_close = restart.get_future().get();
  // Until it stops the server goes on with the old store.
  EXPECT_NE(ask({"user", "list"}).out.find("later@example.org"), std::string::npos);
  EXPECT_EQ(ask({"restore", "copy.db"}).code, exit_refused);
  stop();
  after_close();
  after_close = nullptr;
  EXPECT_EQ(answer.wait_for(100ms), std::future_status::timeout);
  start();
  const auto told = answer.get();
  EXPECT_EQ(told.code, exit_done) << told.err;
  EXPECT_NE(told.out.find("restored"), std::string::npos);

  EXPECT_EQ(epoch(), before + 1);
  const auto listed = ask({"user", "list"}).out;
  EXPECT_NE(listed.find("kept@example.org"), std::string::npos);
  EXPECT_EQ(listed.find("later@example.org"), std::string::npos);
  const auto keys = core->services().database.run_now(store::signing_keys::list_keys);
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_NE(keys.front().kid, old_keys.front().kid);
  EXPECT_FALSE(std::filesystem::exists(data_dir / "restore"));
}

TEST_F(Control, ARestoreThatASignalOvertakesLeavesTheStoreAsItWas) {
  start();
  ASSERT_EQ(add("kept@example.org").code, exit_done);
  ASSERT_EQ(ask({"backup", "copy.db"}).code, exit_done);
  ASSERT_EQ(add("later@example.org").code, exit_done);
  auto answer = std::async(std::launch::async, [this] { return ask({"restore", "copy.db"}); });
  auto after_close = restart.get_future().get();
  stop();
  after_close = nullptr;
  EXPECT_THROW(answer.get(), std::runtime_error);
  start();
  EXPECT_NE(ask({"user", "list"}).out.find("later@example.org"), std::string::npos);
}

TEST_F(Control, WhatIsNoBackupIsRefusedAndLeavesNothing) {
  start();
  const auto write = [&](const std::string& name, const std::string& text) {
    std::FILE* file = std::fopen((root.path() / name).c_str(), "w");
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
  };
  write("empty", "");
  write("text", std::string(20000, 'x'));
  write("broken", "SQLite format 3" + std::string(1, '\0') + std::string(8192, '\xa5'));
  for (const char* file : {"empty", "text", "broken", "missing", "data", "data/restore/latchkey.db"}) {
    const auto answer = ask({"restore", file});
    EXPECT_EQ(answer.code, exit_refused) << file;
    EXPECT_NE(answer.err, "");
    EXPECT_FALSE(std::filesystem::exists(data_dir / "restore")) << file;
  }
  EXPECT_EQ(ask({"user", "list"}).code, exit_done);
}

}  // namespace
}  // namespace latchkey::app::cli
