#pragma once

#include <chrono>
#include <thread>

namespace latchkey::app {

/// Calls `attempt` again and again until it no longer throws `Busy`: the process that has what it needs may
/// let go of it. Past `patience` the last `Busy` is thrown. Answers what `attempt` answers. Blocks.
template <class Busy, class Attempt>
auto until_free(std::chrono::milliseconds patience, Attempt attempt) {
  constexpr std::chrono::milliseconds between{20};
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    try {
      return attempt();
    } catch (const Busy&) {
      if (std::chrono::steady_clock::now() >= deadline) throw;
    }
    std::this_thread::sleep_for(between);
  }
}

}  // namespace latchkey::app
