// The least that an HTTP server on one core can do: one epoll loop that finds the end of each request and
// sends the same bytes back. The limit that the routes without a password are measured against.
//
//   bare_server RESPONSE_FILE
//
// Requests have no body. Prints `listening on http://127.0.0.1:PORT`, then serves until it is ended.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "measure.h"

namespace latchkey::bench {
namespace {

constexpr std::string_view end_of_request = "\r\n\r\n";

class BareServer {
 public:
  explicit BareServer(std::string response) : response_(std::move(response)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, raw, size) != 0 || ::listen(listener_, 1024) != 0) give_up("can not listen");
    ::getsockname(listener_, raw, &size);
    std::printf("listening on http://127.0.0.1:%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    watch(listener_);
  }

  [[noreturn]] void serve() {
    std::array<epoll_event, 256> events{};
    for (;;) {
      const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (fd == listener_) {
          accept_all();
        } else {
          answer(fd);
        }
      }
    }
  }

 private:
  void watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }

  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (partial_.size() <= static_cast<std::size_t>(fd)) partial_.resize(static_cast<std::size_t>(fd) + 1);
      partial_[static_cast<std::size_t>(fd)].clear();
      watch(fd);
    }
  }

  void answer(int fd) {
    const ssize_t got = ::recv(fd, input_.data(), input_.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      ::close(fd);
      return;
    }
    std::string_view input{input_.data(), static_cast<std::size_t>(got)};
    std::string& partial = partial_[static_cast<std::size_t>(fd)];
    std::string joined;
    if (!partial.empty()) {
      joined = std::move(partial.append(input));
      partial.clear();
      input = joined;
    }
    std::size_t requests = 0;
    for (std::size_t end = input.find(end_of_request); end != std::string_view::npos;
         end = input.find(end_of_request)) {
      input.remove_prefix(end + end_of_request.size());
      ++requests;
    }
    partial = input;
    const std::string_view one = response_;
    for (; requests != 0; --requests) {
      if (::send(fd, one.data(), one.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(one.size())) {
        ::close(fd);
        return;
      }
    }
  }

  const std::string response_;
  const int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  int listener_ = -1;
  std::array<char, 16384> input_{};
  std::vector<std::string> partial_;  ///< what came of a request that is not complete, by descriptor
};

}  // namespace
}  // namespace latchkey::bench

int main(int argc, char** argv) {
  const latchkey::bench::Arguments arguments(argc, argv);
  latchkey::bench::BareServer server(latchkey::bench::read_file(arguments.positional(0)));
  server.serve();
}
