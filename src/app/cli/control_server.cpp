#include "app/cli/control_server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <list>
#include <mutex>
#include <stop_token>
#include <system_error>
#include <thread>

#include "app/cli/channel.h"
#include "app/cli/control_socket.h"
#include "app/cli/parse.h"
#include "app/cli/restore.h"
#include "app/cli/store_commands.h"
#include "base/log.h"
#include "store/state.h"

namespace latchkey::app::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr std::size_t max_clients = 16;
constexpr seconds request_limit{10};
/// A client that has let this server listen in vain for so long gives its place to one that waits. On a busy
/// machine a client may have to wait for its turn before it says something.
constexpr std::chrono::seconds silence_grace{2};
/// A pager may let a list wait for so long.
constexpr std::chrono::minutes stall_limit{10};
/// What is left to a command's output once the server stops.
constexpr seconds farewell{2};
constexpr std::size_t max_arguments = 256;

/// The client's streams.
class ChannelConsole final : public Console {
 public:
  explicit ChannelConsole(Channel& channel) : channel_(channel) {}
  void out(std::string_view text) override { send(FrameType::out, text); }
  void err(std::string_view text) override { send(FrameType::err, text); }

 private:
  void send(FrameType type, std::string_view text) {
    try {
      channel_.send(type, text);
    } catch (const ChannelBroken& error) {
      throw ConsoleGone(error.what());
    }
  }
  Channel& channel_;
};

struct Received {
  std::vector<std::string> arguments;
  std::filesystem::path directory;
  Secret input;
};

Received receive_request(Channel& channel) {
  const auto deadline = SteadyClock::now() + request_limit;
  Received request;
  for (;;) {
    Frame frame = channel.receive(deadline);
    switch (frame.type) {
      case FrameType::argument:
        if (request.arguments.size() == max_arguments) throw ChannelBroken("too many arguments");
        request.arguments.push_back(std::move(frame.payload));
        break;
      case FrameType::directory:
        request.directory = std::move(frame.payload);
        break;
      case FrameType::input:
        request.input = Secret(frame.payload);
        wipe(frame.payload);
        break;
      case FrameType::end:
        return request;
      default:
        throw ChannelBroken("the peer does not speak this protocol");
    }
  }
}

void send_exit(Channel& channel, int code) { channel.send(FrameType::exit, std::to_string(code)); }

/// The end of a restore, when the server has closed everything. Nobody is there to catch anything.
void answer_restored(Channel& channel, const std::filesystem::path& backup,
                     const std::filesystem::path& data_dir) noexcept {
  try {
    ChannelConsole console(channel);
    const int code = guarded(console, [&] {
      finish_restore(data_dir);
      log::info("store.restored", {{"backup", backup.string()}});
      console.out(describe_restored(backup, data_dir));
      return exit_done;
    });
    send_exit(channel, code);
  } catch (const std::exception& error) {
    log::warn("control.client_lost", {{"reason", error.what()}});
  }
}

}  // namespace

class ControlServer::Implementation {
 public:
  Implementation(Core& core, const settings::Loaded& loaded, Hooks hooks)
      : core_(core), loaded_(loaded), hooks_(std::move(hooks)), data_dir_(loaded.settings.data_dir) {
    wake_ = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake_) throw StartRefused("eventfd: " + std::system_category().message(errno));
    try {
      listener_ = listen_control_socket(data_dir_);
    } catch (const std::system_error& error) {
      throw StartRefused(std::string("cannot create the control socket: ") + error.what());
    }
  }

  ~Implementation() { stop(); }

  void start() {
    acceptor_ = std::thread([this] { accept_clients(); });
  }

  void stop() {
    const std::lock_guard stopping(stop_mutex_);
    if (!listener_) return;
    remove_control_socket(data_dir_);
    {
      const std::lock_guard lock(mutex_);
      stop_.request_stop();
      for (auto& client : clients_) break_off(client);
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
    if (acceptor_.joinable()) acceptor_.join();
    for (auto& client : clients_) client.thread.join();
    clients_.clear();
    listener_.reset();
  }

 private:
  enum class Stage : std::uint8_t { asking, working, finished };
  struct Client {
    std::shared_ptr<Channel> channel;  ///< empty once it belongs to a restore
    Stage stage = Stage::asking;
    std::thread thread;
  };

  static void break_off(Client& client) {
    if (!client.channel) return;
    if (client.stage == Stage::working) {
      client.channel->hurry(SteadyClock::now() + farewell);
    } else {
      client.channel->cut();
    }
  }

  void accept_clients() {
    for (;;) {
      std::array<pollfd, 2> waited{pollfd{.fd = listener_.get(), .events = POLLIN, .revents = 0},
                                   pollfd{.fd = wake_.get(), .events = POLLIN, .revents = 0}};
      if (::poll(waited.data(), waited.size(), -1) < 0 && errno != EINTR) {
        log::error("control.poll_failed", {{"reason", std::system_category().message(errno)}});
        return;
      }
      if (waited[1].revents != 0) return;
      if (waited[0].revents == 0) continue;
      if (has_room()) {
        accept_client();
      } else {
        // Who comes when all places are taken waits in the queue of the socket, but not for the silent.
        end_silent_client();
        ::poll(&waited[1], 1, 20);
      }
    }
  }

  /// The one that has been silent longest, if for long enough. Those whose commands run are left alone, and
  /// so are those whom this server has not come to read yet.
  void end_silent_client() {
    const std::lock_guard lock(mutex_);
    Client* most_silent = nullptr;
    std::chrono::milliseconds longest = silence_grace;
    for (Client& client : clients_) {
      if (client.stage != Stage::asking || !client.channel) continue;
      const auto silence = client.channel->silent_for();
      if (!silence.has_value() || *silence < longest) continue;
      longest = *silence;
      most_silent = &client;
    }
    if (most_silent != nullptr) most_silent->channel->cut();
  }

  /// Forgets the clients that are finished.
  bool has_room() {
    const std::lock_guard lock(mutex_);
    std::erase_if(clients_, [](Client& client) {
      if (client.stage != Stage::finished) return false;
      client.thread.join();
      return true;
    });
    return clients_.size() < max_clients;
  }

  void accept_client() {
    Descriptor connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!connection) {
      if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
      // No descriptor is free: the client goes on waiting, and we do not spin.
      log::warn("control.accept_failed", {{"reason", std::system_category().message(errno)}});
      pollfd wake{.fd = wake_.get(), .events = POLLIN, .revents = 0};
      ::poll(&wake, 1, 100);
      return;
    }
    const auto peer = find_peer(connection);
    if (!peer.has_value() || !is_trusted_client(*peer)) {
      log::warn("control.stranger_refused");
      return;
    }
    auto channel = std::make_shared<Channel>(std::move(connection), stall_limit);
    try {
      admit(std::move(channel));
    } catch (const std::system_error& error) {
      log::warn("control.client_refused", {{"reason", error.what()}});
    }
  }

  void admit(std::shared_ptr<Channel> channel) {
    const std::lock_guard lock(mutex_);
    if (stop_.stop_requested()) return;
    Client& client = clients_.emplace_back();
    client.channel = std::move(channel);
    try {
      client.thread = std::thread([this, &client, held = client.channel] { serve(client, *held); });
    } catch (...) {
      clients_.pop_back();
      throw;
    }
  }

  void serve(Client& client, Channel& channel) {
    try {
      channel.send(FrameType::hello, protocol_version);
      Received request = receive_request(channel);
      set_stage(client, Stage::working);
      if (const auto code = carry_out(client, channel, std::move(request))) send_exit(channel, *code);
    } catch (const ChannelBroken& error) {
      log::debug("control.client_lost", {{"reason", error.what()}});
    } catch (const ConsoleGone& error) {
      log::debug("control.client_lost", {{"reason", error.what()}});
    } catch (const std::exception& error) {
      log::error("control.failed", {{"reason", error.what()}});
    }
    finish(client);
  }

  void set_stage(Client& client, Stage stage) {
    const std::lock_guard lock(mutex_);
    client.stage = stage;
    if (stop_.stop_requested()) break_off(client);
  }

  void finish(Client& client) {
    const std::lock_guard lock(mutex_);
    client.stage = Stage::finished;
    client.channel.reset();
  }

  /// Nothing when the answer comes later.
  std::optional<int> carry_out(Client& client, Channel& channel, Received request) {
    ChannelConsole console(channel);
    auto parsed = parse(request.arguments);
    if (const auto* ending = std::get_if<Ending>(&parsed)) {
      console.out(ending->out);
      console.err(ending->err);
      return ending->exit_code;
    }
    auto& command = std::get<Invocation>(parsed).command;
    make_absolute(command, request.directory);
    Context context{.services = core_.services(),
                    .origin = flow::operator_origin(core_.clock().now()),
                    .input = std::move(request.input),
                    .console = console,
                    .stop = stop_.get_token()};
    std::optional<int> answer;
    const int code = guarded(console, [&] {
      if (const auto* restore = std::get_if<Restore>(&command)) {
        answer = begin_restore(*restore, client, context);
      } else {
        answer = execute(command, context, loaded_);
      }
      return exit_done;
    });
    if (code != exit_done) answer = code;
    log::info("control.command", {{"command", name_of(command)}, {"exit", answer.value_or(exit_done)}});
    return answer;
  }

  std::optional<int> begin_restore(const Restore& restore, Client& client, Context& context) {
    refuse_on_shared_store(restore, loaded_.settings);
    refuse_over_moved(context.services.database);
    const std::unique_lock alone(restore_mutex_, std::try_to_lock);
    if (!alone.owns_lock() || restart_asked_) {
      throw std::runtime_error("another restore is running");
    }
    const auto epoch = context.services.database.run_now(store::state::find_epoch);
    prepare_restore(restore.file, data_dir_, epoch, context.origin.now, context.console, context.stop);
    std::shared_ptr<Channel> channel;
    {
      const std::lock_guard lock(mutex_);
      if (stop_.stop_requested()) {
        discard_restore(data_dir_);
        throw std::runtime_error("the server is stopping: run the command again");
      }
      // From now on the connection is the restore's: it outlives this server.
      channel = std::exchange(client.channel, nullptr);
    }
    restart_asked_ = true;
    hooks_.restart_with(
        [channel, file = restore.file, data_dir = data_dir_] { answer_restored(*channel, file, data_dir); });
    return std::nullopt;
  }

  Core& core_;
  const settings::Loaded& loaded_;
  const Hooks hooks_;
  const std::filesystem::path data_dir_;
  Descriptor wake_;
  Descriptor listener_;
  std::thread acceptor_;
  std::mutex restore_mutex_;
  bool restart_asked_ = false;  ///< under restore_mutex_

  std::mutex stop_mutex_;
  std::mutex mutex_;       ///< guards what follows, the threads of clients excepted
  std::stop_source stop_;  ///< asked for under the mutex, so that no client slips in
  std::list<Client> clients_;
};

ControlServer::ControlServer(Core& core, const settings::Loaded& loaded, Hooks hooks)
    : implementation_(std::make_unique<Implementation>(core, loaded, std::move(hooks))) {}
ControlServer::~ControlServer() = default;
void ControlServer::start() { implementation_->start(); }
void ControlServer::stop() { implementation_->stop(); }

}  // namespace latchkey::app::cli
