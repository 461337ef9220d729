#pragma once

#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "http/wire/descriptor.h"
#include "http/wire/poller.h"

namespace latchkey::http::wire {

/// The connected socket of one client. Nothing here blocks: what can not be done now is waited for. For the
/// thread of its event loop alone; one coroutine waits at a time.
class ClientSocket : public Poller::Hook {
 public:
  enum class State : std::uint8_t {
    done,
    would_wait,  ///< nothing was there, or taken: wait for it
    ended,       ///< the client has sent its last byte
    failed       ///< the connection is broken, or was closed here
  };
  struct Transfer {
    State state;
    std::size_t size = 0;
  };
  enum class Direction : std::uint8_t {
    reading,
    writing,
    neither  ///< for `wake` and `close` only
  };

  /// Of a descriptor that does not block. Throws std::system_error when it can not be watched.
  ClientSocket(Poller& poller, Descriptor descriptor);
  ClientSocket(const ClientSocket&) = delete;
  ClientSocket& operator=(const ClientSocket&) = delete;

  bool is_open() const { return descriptor_.is_open(); }
  /// Whether `receive` may give something, as far as has been heard.
  bool is_readable() const { return readable_ || !is_open(); }
  /// `done` with at least one byte.
  Transfer receive(std::span<char> room);
  /// `done` when some of it was taken.
  Transfer send(std::string_view bytes);

  /// Until the next call may do more, or `wake` or `close` is called. Returns at once where that is so
  /// already.
  Task<> wait(Direction direction);
  /// Resumes who waits, soon.
  void wake();

  /// Tells the client that nothing more comes. False when it has gone.
  bool end_sending();
  /// Throws away what the client has not taken yet, by a reset, when the socket is closed.
  void forget_unsent();
  /// Wakes who waits.
  void close();

 private:
  friend class Poller;
  using Waiter = asio::async_result<asio::use_awaitable_t<IoExecutor>, void()>::handler_type;

  void note(std::uint32_t events);
  bool is_ready() const {
    return (direction_ == Direction::reading && readable_) || (direction_ == Direction::writing && writable_);
  }
  bool may_go_on() const { return waiter_.has_value() && is_ready(); }
  std::optional<Waiter> take_waiter();

  Poller& poller_;
  Descriptor descriptor_;
  // The kernel tells each change once.
  bool readable_ = false;
  bool writable_ = true;
  bool ending_ = false;  ///< the end, or a failure, comes behind what can be read
  Direction direction_ = Direction::reading;
  std::optional<Waiter> waiter_;
};

}  // namespace latchkey::http::wire
