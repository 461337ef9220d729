#include "app/cli/channel.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/secret.h"

namespace latchkey::app::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// So often a wait looks whether it is to hurry.
constexpr std::chrono::milliseconds look_again{100};

[[noreturn]] void fail(int error) {
  const std::string text = std::system_category().message(error);
  if (error == EPIPE || error == ECONNRESET) throw ChannelGone(text);
  throw ChannelBroken(text);
}

}  // namespace

FrameHeadBytes encode(const FrameHead& head) {
  FrameHeadBytes bytes{static_cast<char>(head.type)};
  for (std::size_t i = 0; i < 4; ++i) bytes[i + 1] = static_cast<char>((head.size >> (8 * i)) & 0xff);
  return bytes;
}

std::optional<FrameHead> decode(const FrameHeadBytes& bytes) {
  constexpr std::string_view letters = "hadi.oex";
  if (letters.find(bytes[0]) == std::string_view::npos) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i)
    size |= std::size_t{static_cast<unsigned char>(bytes[i + 1])} << (8 * i);
  if (size > max_payload) return std::nullopt;
  return FrameHead{static_cast<FrameType>(bytes[0]), size};
}

Channel::Channel(Descriptor socket, std::chrono::milliseconds stall)
    : socket_(std::move(socket)), stall_(stall) {}

void Channel::send(FrameType type, std::string_view payload) {
  do {
    const std::string_view piece = payload.substr(0, max_payload);
    payload.remove_prefix(piece.size());
    const auto head = encode({type, piece.size()});
    send_all({head.data(), head.size()});
    send_all(piece);
  } while (!payload.empty());
}

Frame Channel::receive(TimePoint deadline) {
  FrameHeadBytes bytes{};
  receive_all(bytes.data(), bytes.size(), deadline);
  const auto head = decode(bytes);
  if (!head.has_value()) throw ChannelBroken("the peer does not speak this protocol");
  Frame frame{head->type, std::string(head->size, '\0')};
  try {
    receive_all(frame.payload.data(), frame.payload.size(), deadline);
  } catch (...) {
    wipe(frame.payload);
    throw;
  }
  return frame;
}

std::optional<std::chrono::milliseconds> Channel::silent_for() const {
  const TimePoint since = listens_since_.load();
  pollfd readable{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  if (since == TimePoint::max() || ::poll(&readable, 1, 0) != 0) return std::nullopt;
  return std::chrono::floor<std::chrono::milliseconds>(SteadyClock::now() - since);
}

void Channel::hurry(TimePoint latest) { latest_.store(latest); }
void Channel::cut() { ::shutdown(socket_.get(), SHUT_RDWR); }

void Channel::wait_for(short events, TimePoint deadline) const {
  for (;;) {
    const auto now = SteadyClock::now();
    const auto until = std::min(deadline, latest_.load());
    if (now >= until) throw ChannelBroken("the peer takes too long");
    const auto slice = std::min(until - now, SteadyClock::duration(look_again));
    pollfd waited{.fd = socket_.get(), .events = events, .revents = 0};
    const int ready =
        ::poll(&waited, 1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(slice).count()));
    if (ready < 0 && errno != EINTR) fail(errno);
    if (ready > 0) return;  // an error shows when the socket is used
  }
}

void Channel::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wait_for(POLLOUT, SteadyClock::now() + stall_);
    } else if (errno != EINTR) {
      fail(errno);
    }
  }
}

void Channel::receive_all(char* bytes, std::size_t size, TimePoint deadline) {
  while (size > 0) {
    const auto received = ::recv(socket_.get(), bytes, size, MSG_DONTWAIT);
    if (received > 0) {
      listens_since_.store(TimePoint::max());
      bytes += received;
      size -= static_cast<std::size_t>(received);
    } else if (received == 0) {
      throw ChannelGone("the peer closed the connection");
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (listens_since_.load() == TimePoint::max()) listens_since_.store(SteadyClock::now());
      wait_for(POLLIN, deadline);
    } else if (errno != EINTR) {
      fail(errno);
    }
  }
}

}  // namespace latchkey::app::cli
