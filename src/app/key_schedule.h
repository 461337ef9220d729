#pragma once

#include "base/periodic.h"
#include "base/time.h"
#include "flow/services.h"

namespace latchkey::app {

/// Makes, publishes and drops signing keys as their schedule asks, and takes over within a second what other
/// nodes have done to them. It has a thread of its own, since nothing that a node does besides may keep a
/// revoked key good. A failing store is logged and tried again; nothing here ends the thread but `stop`.
class KeySchedule {
 public:
  /// Both must outlive it.
  KeySchedule(flow::Services& services, const Clock& clock);

  void start() { thread_.start(); }
  void stop() { thread_.stop(); }

 private:
  void look();
  void follow(Timestamp now);

  flow::Services& services_;
  const Clock& clock_;
  Due following_;
  Periodic thread_;
};

}  // namespace latchkey::app
