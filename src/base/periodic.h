#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/time.h"

namespace latchkey {

/// A thread that calls a function, pauses, and calls it again, until it is stopped. An exception of the
/// function ends nothing: it is logged as `<name>.failed`, and the next call comes after the usual pause.
///
/// Whatever the function uses must outlive this: make it the last member of its owner, or call `stop` in the
/// owner's destructor.
class Periodic {
 public:
  using Pause = std::chrono::milliseconds;

  /// `name` is the thread's, too, of which the kernel keeps fifteen characters. `every` is the pause between
  /// the end of a call and the beginning of the next, and before the first.
  Periodic(std::string name, Pause every, std::function<void()> function);
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;
  ~Periodic() { stop(); }

  /// Once.
  void start();
  /// Returns when a call that is under way has returned; there is none after that. Not from inside the
  /// function.
  void stop();

  /// A pause in the middle of long work, by whichever thread does it. False as soon as `stop` is called: the
  /// work is to end.
  bool pause(Pause time);
  /// From inside the function: the next call, and only that, comes after this pause.
  void call_again_in(Pause time) { next_ = time; }

 private:
  void run();

  const std::string name_;
  const Pause every_;
  const std::function<void()> function_;
  Pause next_;  ///< the function's, and the loop's between two calls
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

/// What is to happen once in a while, by a clock that somebody may set. For one thread.
class Due {
 public:
  explicit Due(Microseconds every) : every_(every) {}

  /// Whether so much time has passed since the last time that this said so; at first it has. A clock that was
  /// set back does not put the next time off.
  bool at(Timestamp now);

 private:
  const Microseconds every_;
  std::optional<Timestamp> last_;
};

}  // namespace latchkey
