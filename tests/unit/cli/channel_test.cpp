#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "app/cli/channel.h"
#include "app/cli/control_socket.h"
#include "unit/cli/fixtures.h"

namespace latchkey::app::cli::channel_test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct Pair {
  explicit Pair(std::chrono::milliseconds stall = 10s) {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds.data()), 0);
    raw = fds[1];
    one = std::make_unique<Channel>(Descriptor(fds[0]), stall);
    other = std::make_unique<Channel>(Descriptor(fds[1]), stall);
  }
  std::unique_ptr<Channel> one;
  std::unique_ptr<Channel> other;
  int raw = -1;  ///< the descriptor of `other`
};

void send_raw(int fd, std::string_view bytes) {
  ASSERT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
}

TEST(CliChannel, FrameHeadsAreALetterAndASizeLowestByteFirst) {
  const auto bytes = encode({FrameType::argument, 0x0102});
  EXPECT_EQ(std::string(bytes.data(), bytes.size()), std::string("a\x02\x01\0\0", 5));
  const auto head = decode(bytes);
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->type, FrameType::argument);
  EXPECT_EQ(head->size, 0x0102U);
}

TEST(CliChannel, OnlyKnownLettersAndBoundedSizesAreFrames) {
  for (int letter = 0; letter < 256; ++letter) {
    const FrameHeadBytes bytes{static_cast<char>(letter), 1, 0, 0, 0};
    const bool known =
        letter != 0 && std::string_view("hadi.oex").find(static_cast<char>(letter)) != std::string_view::npos;
    EXPECT_EQ(decode(bytes).has_value(), known) << letter;
  }
  EXPECT_TRUE(decode(encode({FrameType::out, max_payload})).has_value());
  EXPECT_FALSE(decode(encode({FrameType::out, max_payload + 1})).has_value());
  EXPECT_FALSE(decode(encode({FrameType::out, 0xffffffff})).has_value());
}

TEST(CliChannel, F57_NobodyIsSilentBeforeThisSideHasComeToReading) {
  Pair pair;
  std::this_thread::sleep_for(5ms);
  EXPECT_EQ(pair.one->silent_for(), std::nullopt) << "nobody has listened yet";
  pair.other->send(FrameType::argument, "user");
  EXPECT_EQ(pair.one->silent_for(), std::nullopt);
  std::thread reader([&] {
    EXPECT_EQ(pair.one->receive(Clock::now() + 20s).payload, "user");
    EXPECT_EQ(pair.one->receive(Clock::now() + 20s).payload, "list");
  });
  while (pair.one->silent_for().value_or(0ms) < 3ms) std::this_thread::sleep_for(1ms);
  pair.other->send(FrameType::argument, "list");
  reader.join();
  EXPECT_EQ(pair.one->silent_for(), std::nullopt) << "what it said was read, and nobody listens";
  pair.other->send(FrameType::end, "");
  std::this_thread::sleep_for(5ms);
  EXPECT_EQ(pair.one->silent_for(), std::nullopt) << "it has spoken, and was not heard";
}

TEST(CliChannel, FramesArriveInOrderAndWhole) {
  Pair pair;
  pair.one->send(FrameType::argument, "user");
  pair.one->send(FrameType::argument, "");
  pair.one->send(FrameType::input, std::string_view("a\0b\n", 4));
  pair.one->send(FrameType::end, {});
  const auto deadline = Clock::now() + 10s;
  const std::vector<std::pair<FrameType, std::string>> wanted{{FrameType::argument, "user"},
                                                              {FrameType::argument, ""},
                                                              {FrameType::input, std::string("a\0b\n", 4)},
                                                              {FrameType::end, ""}};
  for (const auto& [type, payload] : wanted) {
    const auto frame = pair.other->receive(deadline);
    EXPECT_EQ(frame.type, type);
    EXPECT_EQ(frame.payload, payload);
  }
}

TEST(CliChannel, ALongOutputIsCutIntoFrames) {
  Pair pair;
  std::string sent;
  for (int i = 0; sent.size() < 3 * max_payload + 100; ++i) sent += std::to_string(i);
  std::thread sender([&] { pair.one->send(FrameType::out, sent); });
  std::string received;
  while (received.size() < sent.size()) received += pair.other->receive(Clock::now() + 10s).payload;
  sender.join();
  EXPECT_EQ(received, sent);
}

TEST(CliChannel, WhatIsNoFrameBreaksTheChannel) {
  for (const std::string_view bytes :
       {std::string_view("GET / HTTP/1.1\r\n\r\n"), std::string_view("a\xff\xff\xff\xff", 5)}) {
    Pair pair;
    send_raw(pair.raw, bytes);
    EXPECT_THROW(pair.one->receive(Clock::now() + 10s), ChannelBroken);
  }
}

TEST(CliChannel, AHalfFrameIsWaitedForUntilTheDeadlineOnly) {
  Pair pair;
  send_raw(pair.raw, std::string_view("a\x05\0\0\0abc", 8));
  const auto before = Clock::now();
  EXPECT_THROW(pair.one->receive(before + 150ms), ChannelBroken);
  EXPECT_GE(Clock::now() - before, 140ms);
  EXPECT_LT(Clock::now() - before, 5s);
}

TEST(CliChannel, AnEndedConnectionIsToldFromASilentOne) {
  Pair pair;
  pair.other.reset();
  EXPECT_THROW(pair.one->receive(Clock::now() + 10s), ChannelGone);
  EXPECT_THROW(pair.one->send(FrameType::out, "text"), ChannelGone);
}

TEST(CliChannel, AReaderThatStopsReadingStallsNobodyForLong) {
  Pair pair(200ms);
  const std::string much(1 << 22, 'x');
  const auto before = Clock::now();
  EXPECT_THROW(pair.one->send(FrameType::out, much), ChannelBroken);
  EXPECT_LT(Clock::now() - before, 5s);
}

TEST(CliChannel, HurryAndCutEndAWaitOfAnotherThread) {
  for (const bool cut : {false, true}) {
    Pair pair(10min);
    std::thread waiting([&] { EXPECT_THROW(pair.one->receive(Clock::now() + 10min), ChannelBroken); });
    std::this_thread::sleep_for(50ms);
    if (cut) {
      pair.one->cut();
    } else {
      pair.one->hurry(Clock::now() + 100ms);
    }
    const auto before = Clock::now();
    waiting.join();
    EXPECT_LT(Clock::now() - before, 5s);
  }
}

class ControlSocket : public testing::Test {
 protected:
  std::optional<Descriptor> connect() const {
    return connect_control_socket(directory, Clock::now() + 200ms);
  }

  TemporaryDirectory root;
  std::filesystem::path directory = root.path();
};

TEST_F(ControlSocket, IsPrivateAndTrustsItsUser) {
  const Descriptor listener = listen_control_socket(directory);
  struct stat status {};
  ASSERT_EQ(::lstat((directory / "control.sock").c_str(), &status), 0);
  EXPECT_TRUE(S_ISSOCK(status.st_mode));
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  const auto client = connect();
  ASSERT_TRUE(client.has_value());
  const Descriptor accepted(::accept(listener.get(), nullptr, nullptr));
  EXPECT_EQ(find_peer(accepted), ::geteuid());
  EXPECT_EQ(find_peer(*client), ::geteuid());
}

TEST_F(ControlSocket, NobodyListensWhereThereIsNoneOrAStaleOne) {
  EXPECT_FALSE(connect().has_value());
  listen_control_socket(directory).reset();  // as a killed server leaves it
  EXPECT_TRUE(std::filesystem::exists(directory / "control.sock"));
  EXPECT_FALSE(connect().has_value());
  const Descriptor listener = listen_control_socket(directory);
  EXPECT_TRUE(connect().has_value());
  remove_control_socket(directory);
  EXPECT_FALSE(connect().has_value());
  EXPECT_FALSE(connect_control_socket(directory / "missing", Clock::now()).has_value());
}

TEST_F(ControlSocket, WorksHoweverLongThePathIs) {
  for (int i = 0; i < 4; ++i) directory /= std::string(100, static_cast<char>('a' + i));
  std::filesystem::create_directories(directory);
  const Descriptor listener = listen_control_socket(directory);
  EXPECT_TRUE(connect().has_value());
  EXPECT_FALSE(connect_control_socket(directory / "missing", Clock::now()).has_value());
  EXPECT_TRUE(std::filesystem::is_socket(directory / "control.sock"));
  remove_control_socket(directory);
  EXPECT_FALSE(connect().has_value());
}

TEST_F(ControlSocket, WhatIsNoSocketIsNotReplaced) {
  std::filesystem::create_directory(directory / "control.sock");
  EXPECT_THROW(listen_control_socket(directory), std::system_error);
  EXPECT_TRUE(std::filesystem::exists(directory / "control.sock"));
}

TEST_F(ControlSocket, AServerThatTakesNobodyInIsNotWaitedForForEver) {
  const Descriptor listener = listen_control_socket(directory);
  std::vector<Descriptor> waiting;
  for (int i = 0; i < 200; ++i) {
    try {
      waiting.push_back(connect().value());
    } catch (const std::system_error& error) {
      EXPECT_EQ(error.code().value(), ETIMEDOUT);
      return;
    }
  }
  FAIL() << "the queue has no end";
}

}  // namespace
}  // namespace latchkey::app::cli::channel_test
