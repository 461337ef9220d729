#pragma once

#include <chrono>

#include "base/task.h"

namespace latchkey::flow::limits {

/// Answers what strangers ask by an address, or try with a mailed code, at a moment that says nothing of the
/// account. For an address without one the server does nearly the same work, and writes as often, but ten
/// thousand answers told the rows of a mail from those that stand in for them. So the answer waits until
/// `least` after the question, which no thread waits for. Work that takes longer (a slow disk) ends later, as
/// it would have.
///
/// Make one where the flow begins, and await `wait` before it answers.
class EvenAnswer {
 public:
  static constexpr std::chrono::milliseconds least{50};

  EvenAnswer() : due_(std::chrono::steady_clock::now() + least) {}
  Task<> wait() const;

 private:
  std::chrono::steady_clock::time_point due_;
};

}  // namespace latchkey::flow::limits
