#pragma once

namespace latchkey::app {

/// SIGTERM and SIGINT as something to wait for. Made before any other thread, so that all of them inherit the
/// blocked signals and only `wait` sees them. SIGHUP is taken and ignored: settings are read at start only.
class StopSignal {
 public:
  StopSignal();

  /// Returns at a signal, or after `request`.
  void wait();
  /// The same as a signal, from any thread.
  void request();
  /// From now on a further signal ends the process at once: the operator has lost patience.
  void end_at_next();
};

}  // namespace latchkey::app
