#pragma once

#include <atomic>
#include <future>

#include "db/database.h"
#include "db/tx.h"

namespace latchkey::db::test {

/// Holds the writer inside a job until it is let go, so that a batch gathers behind it.
class Gate {
 public:
  explicit Gate(Database& database)
      : holding_(std::async(std::launch::async, [this, &database] {
          auto wait = [this](Tx&) {
            entered_ = true;
            entered_.notify_all();
            open_.wait(false);
          };
          database.write_now(wait);
        })) {
    entered_.wait(false);
  }
  void open() {
    open_ = true;
    open_.notify_all();
    holding_.get();
  }

 private:
  std::atomic<bool> entered_ = false;
  std::atomic<bool> open_ = false;
  std::future<void> holding_;
};

}  // namespace latchkey::db::test
