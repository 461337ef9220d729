#include "app/cli/control_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <thread>

namespace latchkey::app::cli {
namespace {

constexpr const char* socket_name = "control.sock";

std::filesystem::path socket_path(const std::filesystem::path& data_dir) { return data_dir / socket_name; }

[[noreturn]] void fail(int error, const std::filesystem::path& data_dir) {
  throw std::system_error(error, std::system_category(), socket_path(data_dir).string());
}

Descriptor make_socket(const std::filesystem::path& data_dir) {
  Descriptor made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made) fail(errno, data_dir);
  return made;
}

/// The address, and what must stay open while it is used.
struct Address {
  explicit Address(const std::filesystem::path& data_dir) {
    std::string path = socket_path(data_dir).string();
    if (path.size() >= sizeof value.sun_path) {
      directory = Descriptor(::open(data_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
      if (!directory) return;
      path = "/proc/self/fd/" + std::to_string(directory.get()) + "/" + socket_name;
    }
    std::memcpy(value.sun_path, path.c_str(), path.size() + 1);
    valid = true;
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&value); }

  sockaddr_un value{.sun_family = AF_UNIX, .sun_path = {}};
  Descriptor directory;
  bool valid = false;  ///< otherwise errno says why
};

}  // namespace

Descriptor listen_control_socket(const std::filesystem::path& data_dir) {
  struct stat there {};
  if (::lstat(socket_path(data_dir).c_str(), &there) == 0 && !S_ISSOCK(there.st_mode)) fail(EEXIST, data_dir);
  remove_control_socket(data_dir);
  const Address address(data_dir);
  if (!address.valid) fail(errno, data_dir);
  Descriptor listener = make_socket(data_dir);
  // The name takes the mode that the socket has when it is bound, so that there is no moment with a wider
  // one.
  if (::fchmod(listener.get(), 0600) != 0) fail(errno, data_dir);
  if (::bind(listener.get(), address.get(), sizeof address.value) != 0) fail(errno, data_dir);
  if (::listen(listener.get(), 64) != 0) fail(errno, data_dir);
  return listener;
}

void remove_control_socket(const std::filesystem::path& data_dir) { ::unlink(socket_path(data_dir).c_str()); }

std::optional<Descriptor> connect_control_socket(const std::filesystem::path& data_dir,
                                                 std::chrono::steady_clock::time_point deadline) {
  const Address address(data_dir);
  if (!address.valid && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  if (!address.valid) fail(errno, data_dir);
  Descriptor connection = make_socket(data_dir);
  while (::connect(connection.get(), address.get(), sizeof address.value) != 0) {
    switch (errno) {
      case ENOENT:
      case ENOTDIR:
      case ECONNREFUSED:
        return std::nullopt;
      case EINTR:
        break;
      case EAGAIN:  // others wait already, as many as may
        if (std::chrono::steady_clock::now() >= deadline) fail(ETIMEDOUT, data_dir);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        break;
      default:
        fail(errno, data_dir);
    }
  }
  return connection;
}

std::optional<uid_t> find_peer(const Descriptor& connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  return peer.uid;
}

bool is_trusted_client(uid_t peer) { return peer == ::geteuid() || peer == 0; }

bool is_trusted_server(uid_t peer, const std::filesystem::path& data_dir) {
  if (peer == ::geteuid() || peer == 0) return true;
  struct stat directory {};
  return ::stat(data_dir.c_str(), &directory) == 0 && directory.st_uid == peer;
}

}  // namespace latchkey::app::cli
