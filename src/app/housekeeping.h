#pragma once

#include <cstdint>
#include <span>

#include "base/metrics.h"
#include "base/periodic.h"
#include "base/time.h"
#include "flow/services.h"
#include "flow/sweep.h"

namespace latchkey::app {

metrics::Families housekeeping_counters();

/// Removes what has expired, in small batches, on a thread of its own: sessions past their limits, accounts
/// that were never confirmed, audit entries past their time, and memory that a crowd has left.
/// Never more than one batch waits in the writer's queue. A failing store is logged and tried again; nothing
/// here ends the thread but `stop`.
class Housekeeping {
 public:
  /// Runs `sweeps`, which must outlive it.
  Housekeeping(flow::Services& services, const Clock& clock, std::span<const flow::Sweep> sweeps);

  void start() { thread_.start(); }
  /// Returns soon, in the middle of a sweep too.
  void stop() { thread_.stop(); }

  /// One whole sweep; answers how many rows it removed. For `start`'s thread, the command line and tests.
  std::int64_t sweep(Timestamp now);

 private:
  void look();
  /// One sweep, step by step; answers how many rows it removed.
  std::int64_t run(const flow::Sweep& sweep, const flow::Origin& origin);
  void measure_outbox();

  flow::Services& services_;
  const Clock& clock_;
  std::span<const flow::Sweep> sweeps_;
  Due measuring_;
  Due sweeping_;
  std::int64_t outbox_length_ = 0;  ///< as last measured
  Periodic thread_;
};

}  // namespace latchkey::app
