#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/task.h"
#include "base/time.h"
#include "db/database.h"
#include "http/wire/listener.h"

namespace latchkey::app {

/// One thread per core, each with its own io_context, its own acceptor on the shared port and its own way to
/// the database: nothing on the path of a request is shared.
class IoThreads {
 public:
  struct Addresses {
    Endpoint listen;
    std::optional<Endpoint> management;  ///< empty: no second listener
  };
  struct Parts {
    const http::Router& router;
    const http::Router& management_router;
    const Clock& clock;
    http::Options options;
    http::AccessHook access;
    http::wire::Crowd::Bounds bounds;  ///< of all listeners together
  };
  /// Binds every listener; nothing is served before `start`. Where `listen` is one of the two addresses that
  /// `localhost` means, browsers may choose the other one, so the same port of that is bound as well, if the
  /// machine has that address. Throws std::system_error when an address can not be had.
  IoThreads(std::size_t count, const Addresses& addresses, const Parts& parts);
  ~IoThreads();
  IoThreads(const IoThreads&) = delete;
  IoThreads& operator=(const IoThreads&) = delete;

  Endpoint endpoint() const { return listeners_.front()->endpoint(); }
  std::optional<Endpoint> management_endpoint() const;
  /// Returns once every thread serves. Throws StartRefused, with all of them ended, when one finds no way to
  /// the database.
  void start(db::Database& database);
  /// Asks every listener to stop accepting and to finish within `grace`.
  void begin_drain(std::chrono::milliseconds grace);
  /// Waits until all have.
  void wait_drained();
  /// Ends the threads and joins them. After `wait_drained`, and after everything that completes work on them
  /// has stopped.
  void join();

 private:
  using WorkGuard = asio::executor_work_guard<IoExecutor>;

  void open_listeners(const Endpoint& endpoint, const Parts& parts);
  void open_public_listeners(const Endpoint& endpoint, const Parts& parts);
  void run(asio::io_context& io, db::Database& database);
  void note_attached(std::exception_ptr why_not);

  http::wire::Crowd crowd_;
  std::vector<std::unique_ptr<asio::io_context>> contexts_;
  std::vector<std::unique_ptr<http::wire::Listener>> listeners_;  ///< those of `listen` first
  std::unique_ptr<http::wire::Listener> management_;
  std::vector<WorkGuard> guards_;
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable attached_one_;
  std::size_t attaching_ = 0;           ///< threads that have not found their way to the database yet
  std::exception_ptr no_way_;           ///< why one of them has not
  std::optional<std::latch> draining_;  ///< counts the listeners that have not finished
};

}  // namespace latchkey::app
