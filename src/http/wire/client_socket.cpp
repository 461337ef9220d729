#include "http/wire/client_socket.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace latchkey::http::wire {

ClientSocket::ClientSocket(Poller& poller, Descriptor descriptor)
    : poller_(poller), descriptor_(std::move(descriptor)) {
  poller_.add(*this);
}

ClientSocket::Transfer ClientSocket::receive(std::span<char> room) {
  if (!is_open()) return {State::failed};
  ssize_t size = ::recv(descriptor_.number(), room.data(), room.size(), 0);
  if (size > 0) {
    // Fewer than there was room for: that was all, and what comes next will be told.
    if (static_cast<std::size_t>(size) < room.size() && !ending_) readable_ = false;
    return {State::done, static_cast<std::size_t>(size)};
  }
  if (size == 0) return {State::ended};
  if (errno == EINTR) return {State::would_wait};
  if (errno != EAGAIN) return {State::failed};
  readable_ = false;
  return {State::would_wait};
}

ClientSocket::Transfer ClientSocket::send(std::string_view bytes) {
  if (!is_open()) return {State::failed};
  ssize_t size = ::send(descriptor_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (size >= 0) return {State::done, static_cast<std::size_t>(size)};
  if (errno == EINTR) return {State::would_wait};
  if (errno != EAGAIN) return {State::failed};
  writable_ = false;
  return {State::would_wait};
}

Task<> ClientSocket::wait(Direction direction) {
  auto start = [this, direction](Waiter waiter) {
    direction_ = direction;
    waiter_.emplace(std::move(waiter));
    poller_.wait(*this);
    if (!is_open() || is_ready()) wake();
  };
  constexpr asio::use_awaitable_t<IoExecutor> here;
  return asio::async_initiate<const asio::use_awaitable_t<IoExecutor>, void()>(std::move(start), here);
}

void ClientSocket::wake() {
  if (waiter_.has_value()) poller_.wake(*this);
}

bool ClientSocket::end_sending() { return is_open() && ::shutdown(descriptor_.number(), SHUT_WR) == 0; }

void ClientSocket::forget_unsent() {
  if (!is_open()) return;
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(descriptor_.number(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void ClientSocket::close() {
  if (!is_open()) return;
  descriptor_.close();
  wake();
}

void ClientSocket::note(std::uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) ending_ = true;
  if (ending_ || (events & EPOLLIN) != 0) readable_ = true;
  if (ending_ || (events & EPOLLOUT) != 0) writable_ = true;
}

std::optional<ClientSocket::Waiter> ClientSocket::take_waiter() {
  std::optional<Waiter> waiter = std::move(waiter_);
  waiter_.reset();
  return waiter;
}

}  // namespace latchkey::http::wire
