#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "base/periodic.h"
#include "db/database.h"

namespace latchkey::app {

/// Notices that the store of a running server has been moved elsewhere, by this process or by another one:
/// nobody may write to it any more, and what can be read there is of yesterday. The same goes for a store
/// that has stopped between the last marks of a move for longer than these take: the other store may be
/// served. Then it says so and calls `end`, once.
class DepartureWatch {
 public:
  /// Both must outlive it; `end` is called on a thread of its own.
  DepartureWatch(db::Database& database, std::function<void()> end);

  void start() { thread_.start(); }
  void stop() { thread_.stop(); }

 private:
  void look();
  bool has_departed();

  db::Database& database_;
  std::function<void()> end_;
  std::optional<std::chrono::steady_clock::time_point> leaving_since_;
  bool ended_ = false;
  Periodic thread_;
};

}  // namespace latchkey::app
