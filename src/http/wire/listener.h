#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

#include "base/endpoint.h"
#include "base/task.h"
#include "base/time.h"
#include "http/options.h"
#include "http/route.h"
#include "http/router.h"
#include "http/wire/crowd.h"

namespace latchkey::http::wire {

/// Throws std::runtime_error, with the address in its text, when another socket listens there already:
/// SO_REUSEPORT would let two servers of one user share a port without a word. Call it once before opening
/// the listeners of a port.
void refuse_shared_port(const Endpoint& endpoint);

/// Accepts connections of one io_context and serves them there. Several threads, each with its own io_context
/// and listener, share a port. Everything but `stop` is called on the io_context's thread or before it runs;
/// router, clock, hook and crowd must outlive the listener, and the listener must live until `stop`'s `done`
/// has been called or the io_context runs no more.
///
/// A failing accept (EMFILE and its kin) is logged, waits, and tries again; a failing connection ends alone.
class Listener {
 public:
  Listener(asio::io_context& io, const Router& router, const Clock& clock, Options options, AccessHook access,
           Crowd& crowd);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Binds and starts to accept. Port 0 takes a free one. Throws std::system_error.
  void open(const Endpoint& endpoint);
  /// Where it listens, with the port that was given.
  Endpoint endpoint() const;
  /// Connections that are open now.
  std::size_t connections() const;

  /// Any thread, once: serves what has been accepted or waits in the kernel's queue, closes idle connections,
  /// answers what is in flight with `Connection: close`, cuts what is left after `grace`, and then calls
  /// `done` on the io_context's thread.
  void stop(std::chrono::milliseconds grace, std::function<void()> done);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace latchkey::http::wire
