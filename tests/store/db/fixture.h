#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <latch>
#include <memory>
#include <thread>

#include "db/database.h"
#include "support/databases.h"

namespace latchkey::db::test {

/// An I/O thread as the server has them: one event loop, attached to the database.
class Loop {
 public:
  explicit Loop(Database& database)
      : work_(io_.get_executor()), thread_([this, &database] {
          auto attachment = database.attach_thread(io_);
          io_.run();
        }) {}
  ~Loop() {
    work_.reset();
    thread_.join();
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Starts a coroutine on the loop.
  template <class T>
  std::future<T> start(Task<T> task) {
    return asio::co_spawn(io_, std::move(task), asio::use_future);
  }
  /// Runs a coroutine on the loop and waits for it.
  template <class T>
  T run(Task<T> task) {
    return start(std::move(task)).get();
  }
  asio::io_context& io() { return io_; }

 private:
  asio::io_context io_{1};
  asio::executor_work_guard<IoExecutor> work_;
  std::thread thread_;
};

/// Keeps a loop busy, so that what is started meanwhile comes up in one turn.
class Held {
 public:
  explicit Held(Loop& loop) {
    asio::post(loop.io(), [over = over_] { over->wait(); });
  }
  ~Held() { over_->count_down(); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  std::shared_ptr<std::latch> over_ = std::make_shared<std::latch>(1);
};

/// Runs DDL and data as a migration would.
inline void run_script(Database& database, std::string_view sql) {
  auto work = [sql](Tx& tx) { tx.run_script(sql); };
  database.write_now(work);
}

}  // namespace latchkey::db::test
