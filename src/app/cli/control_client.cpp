#include "app/cli/control_client.h"

#include <charconv>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "app/cli/channel.h"
#include "app/cli/control_socket.h"
#include "app/data_directory.h"

namespace latchkey::app::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr seconds greeting_limit{10};
/// The longest silence of a command that only has to look something up or write a row.
constexpr seconds silence_limit{60};
/// How long a server may take to come back after a restore.
constexpr seconds return_limit{30};

/// Every user who may write into the directory could put a socket of their own there.
void refuse_stranger(const Descriptor& connection, const std::filesystem::path& data_dir) {
  const auto peer = find_peer(connection);
  if (peer.has_value() && is_trusted_server(*peer, data_dir)) return;
  const std::string who = peer.has_value() ? "user " + std::to_string(*peer) : "a user that nobody knows";
  throw std::runtime_error("the process that answers in " + data_dir.string() + " runs as " + who +
                           ", who is not the owner of that directory: nothing was said to it");
}

std::optional<Channel> connect(const std::filesystem::path& data_dir) {
  refuse_no_directory(data_dir);
  try {
    auto connection = connect_control_socket(data_dir, SteadyClock::now() + greeting_limit);
    if (!connection.has_value()) return std::nullopt;
    refuse_stranger(*connection, data_dir);
    return std::optional<Channel>(std::in_place, std::move(*connection), silence_limit);
  } catch (const std::system_error& error) {
    throw std::runtime_error(
        "cannot reach the server: " + std::string(error.what()) +
        (error.code().value() == EACCES ? "; run the command as the server's user or as root" : ""));
  }
}

/// Nothing when the server ended before it greeted: it was stopping.
bool is_greeted(Channel& channel) {
  try {
    const Frame hello = channel.receive(SteadyClock::now() + greeting_limit);
    if (hello.type == FrameType::hello && hello.payload == protocol_version) return true;
  } catch (const ChannelGone&) {
    return false;
  } catch (const ChannelBroken& error) {
    throw std::runtime_error("the server of this data directory does not answer (" +
                             std::string(error.what()) + "); it still holds the store, so nothing was done");
  }
  throw std::runtime_error(
      "the running server has another version: restart it with this program, or use the program that it "
      "runs");
}

void send(Channel& channel, const Request& request) {
  for (const auto& argument : request.arguments) channel.send(FrameType::argument, argument);
  channel.send(FrameType::directory, request.directory.string());
  channel.send(FrameType::input, request.input.text());
  channel.send(FrameType::end, {});
}

int read_exit_code(const std::string& text) {
  int code = exit_refused;
  std::from_chars(text.data(), text.data() + text.size(), code);
  return code;
}

int relay(Channel& channel, const Command& command, Console& console) {
  const bool takes_its_time =
      std::holds_alternative<Backup>(command) || std::holds_alternative<Restore>(command) ||
      std::holds_alternative<Move>(command) || std::holds_alternative<Doctor>(command);
  for (;;) {
    const Frame frame =
        channel.receive(takes_its_time ? SteadyClock::time_point::max() : SteadyClock::now() + silence_limit);
    switch (frame.type) {
      case FrameType::out:
        console.out(frame.payload);
        break;
      case FrameType::err:
        console.err(frame.payload);
        break;
      case FrameType::exit:
        return read_exit_code(frame.payload);
      default:
        throw ChannelBroken("the peer does not speak this protocol");
    }
  }
}

/// After a restore the server starts anew. The command waits for that, so that the operator's next command,
/// or a client's request, finds the server there.
void wait_for_return(const std::filesystem::path& data_dir) {
  const auto deadline = SteadyClock::now() + return_limit;
  while (SteadyClock::now() < deadline) {
    if (auto channel = connect(data_dir); channel.has_value() && is_greeted(*channel)) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  throw std::runtime_error("the server has not come back after the restore: see its log");
}

}  // namespace

std::optional<int> ask_server(const std::filesystem::path& data_dir, const Command& command,
                              const Request& request, Console& console) {
  auto channel = connect(data_dir);
  if (!channel.has_value() || !is_greeted(*channel)) return std::nullopt;
  int code = exit_refused;
  try {
    send(*channel, request);
    code = relay(*channel, command, console);
  } catch (const ChannelBroken& error) {
    throw std::runtime_error("the server broke off (" + std::string(error.what()) +
                             "): check whether the command was carried out before you repeat it");
  }
  if (std::holds_alternative<Restore>(command) && code == exit_done) wait_for_return(data_dir);
  return code;
}

}  // namespace latchkey::app::cli
