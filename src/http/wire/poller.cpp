#include "http/wire/poller.h"

#include <sys/epoll.h>

#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <system_error>

#include "http/wire/client_socket.h"

namespace latchkey::http::wire {

namespace {

constexpr std::size_t events_at_once = 128;

int make_set() {
  int set = ::epoll_create1(EPOLL_CLOEXEC);
  if (set < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  return set;
}

}  // namespace

asio::execution_context::id Poller::id;

Poller& Poller::of(asio::io_context& io) { return asio::use_service<Poller>(io); }

Poller::Poller(asio::io_context& io) : service(io), io_(io), set_(io, make_set()) {}

/// Each frame holds its socket, and with it the handler that holds the frame.
void Poller::shutdown() {
  for (Sockets* list : {&waiting_, &ready_}) {
    while (!list->empty()) {
      ClientSocket& socket = list->front();
      list->pop_front();
      const auto dropped = socket.take_waiter();
    }
  }
}

void Poller::add(ClientSocket& socket) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &socket;
  if (::epoll_ctl(set_.native_handle(), EPOLL_CTL_ADD, socket.descriptor_.number(), &event) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

void Poller::wait(ClientSocket& socket) noexcept {
  waiting_.push_back(socket);
  if (!listening_) listen();
}

void Poller::wake(ClientSocket& socket) noexcept {
  socket.unlink();
  ready_.push_back(socket);
  if (std::exchange(resume_posted_, true)) return;
  asio::post(io_, [this] {
    resume_posted_ = false;
    resume_ready();
    finish_turn();
  });
}

void Poller::listen() noexcept {
  listening_ = true;
  set_.async_wait(set_.wait_read, [this](const boost::system::error_code& error) {
    if (!error) {
      collect();
      resume_ready();
    }
    listening_ = false;
    finish_turn();
  });
}

/// What is left is reported by the next `listen`.
void Poller::collect() {
  std::array<epoll_event, events_at_once> events;
  int count = ::epoll_wait(set_.native_handle(), events.data(), events_at_once, 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    auto& socket = *static_cast<ClientSocket*>(event.data.ptr);
    socket.note(event.events);
    if (!socket.may_go_on()) continue;
    socket.unlink();
    ready_.push_back(socket);
  }
}

/// Those that become ready meanwhile have their turn later, after what else the event loop has to do.
void Poller::resume_ready() {
  Sockets turn;
  turn.swap(ready_);
  while (!turn.empty()) {
    ClientSocket& socket = turn.front();
    turn.pop_front();
    auto waiter = socket.take_waiter();
    (*waiter)();
  }
}

void Poller::finish_turn() {
  if (waiting_.empty()) {
    if (listening_) set_.cancel();  // nobody keeps the event loop going
  } else if (!listening_) {
    listen();
  }
}

}  // namespace latchkey::http::wire
