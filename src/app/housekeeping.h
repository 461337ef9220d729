#pragma once

#include <chrono>
#include <cstdint>
#include <span>

#include "app/pace.h"
#include "base/metrics.h"
#include "base/periodic.h"
#include "base/time.h"
#include "flow/services.h"
#include "flow/sweep.h"

namespace latchkey::app {

metrics::Families housekeeping_counters();

/// Removes what has expired, in small pieces, on a thread of its own: sessions past their limits, accounts
/// that were never confirmed, audit entries past their time, and memory that a crowd has left.
/// The sweeps take turns, a piece each, so that none waits for another to be through. Never more than one
/// piece waits in the writer's queue, and pieces are as small and as rare as app/pace.h says. A sweep that
/// the store fails is logged, and tried again with all others five minutes later; nothing here ends the
/// thread but `stop`.
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
  struct Turn;
  /// One step of one sweep.
  void take(Turn& turn, const flow::Origin& origin);
  /// False when the thread is to stop.
  bool pause_after(const Pace& pace);
  void measure_if_due(Timestamp now);
  void measure_outbox();

  flow::Services& services_;
  const Clock& clock_;
  std::span<const flow::Sweep> sweeps_;
  Due measuring_;
  Due sweeping_;
  std::chrono::steady_clock::time_point other_write_at_;  ///< when others were last seen to write
  std::int64_t removed_ = 0;        ///< rows, by the sweep that is under way or was the last
  std::int64_t outbox_length_ = 0;  ///< as last measured
  Periodic thread_;
};

}  // namespace latchkey::app
