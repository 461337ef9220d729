#pragma once

#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/intrusive/list.hpp>

#include "base/task.h"

namespace latchkey::http::wire {

class ClientSocket;

/// Lets the coroutines of one event loop wait for their clients' sockets. Asio would try each read before it
/// waits for it, a system call that between two requests always fails; this asks the kernel once for all
/// sockets that have become ready, from an epoll set of its own that the event loop watches as one
/// descriptor.
///
/// A service of the io_context, made when it is first asked for (`of`) and used on its thread alone. The
/// event loop goes on while a socket waits. When the io_context is destroyed, coroutines that wait still are
/// destroyed with it.
class Poller final : public asio::execution_context::service {
 public:
  static asio::execution_context::id id;

  static Poller& of(asio::io_context& io);
  /// Throws std::system_error when the kernel gives no descriptor.
  explicit Poller(asio::io_context& io);

 private:
  friend class ClientSocket;
  using Hook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
  using Sockets = boost::intrusive::list<ClientSocket, boost::intrusive::base_hook<Hook>,
                                         boost::intrusive::constant_time_size<false>>;

  void shutdown() override;
  /// Throws std::system_error.
  void add(ClientSocket& socket);
  // Without memory for what these post, sockets would wait for ever: the process ends instead.
  void wait(ClientSocket& socket) noexcept;
  /// To be resumed soon, not from inside this call.
  void wake(ClientSocket& socket) noexcept;

  void listen() noexcept;
  void collect();
  void resume_ready();
  void finish_turn();

  asio::io_context& io_;
  asio::posix::basic_stream_descriptor<IoExecutor> set_;
  bool listening_ = false;  ///< the event loop watches the set
  bool resume_posted_ = false;
  Sockets waiting_;
  Sockets ready_;  ///< those of them that are to be resumed
};

}  // namespace latchkey::http::wire
