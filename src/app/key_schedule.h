#pragma once

#include <thread>

#include "base/time.h"
#include "flow/services.h"

namespace latchkey::app {

/// Makes, publishes and drops signing keys as their schedule asks, and takes over within a second what other
/// nodes have done to them. It has a thread of its own, since nothing that a node does besides may keep a
/// revoked key good. A failing store is logged and tried again; nothing here ends the thread but `stop`.
class KeySchedule {
 public:
  /// Both must outlive it.
  KeySchedule(flow::Services& services, const Clock& clock) : services_(services), clock_(clock) {}
  ~KeySchedule() { stop(); }
  KeySchedule(const KeySchedule&) = delete;
  KeySchedule& operator=(const KeySchedule&) = delete;

  void start();
  void stop();

 private:
  void loop(const std::stop_token& stop);
  void follow(Timestamp now);

  flow::Services& services_;
  const Clock& clock_;
  std::jthread thread_;
};

}  // namespace latchkey::app
