#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "flow/origin.h"
#include "flow/services.h"

/// How tables shrink. The housekeeper of the node that leads takes a step of each sweep in turn, and pauses
/// between two steps so that requests come first.
namespace latchkey::flow {

/// What one step did.
struct Swept {
  std::int64_t removed = 0;                  ///< rows
  std::optional<std::string> continue_at{};  ///< where the next step begins; nothing: the sweep is through
  /// How long the step's own statements kept the store from other writes: what the size of the next step
  /// follows from.
  Microseconds held{};
  std::int64_t written = removed;  ///< of whatever the step's size is counted in
};

struct Sweep {
  std::string_view name;  ///< for the log
  /// Removes what has expired at `origin.now`, in one small transaction of at most `most` rows.
  /// `position` is empty at first, then what the step before said. Blocks; throws what the store throws.
  Swept (*step)(Services& services, const Origin& origin, std::string_view position, std::int64_t most);
};

/// The kernel's own: expired sessions, mailed codes and spent ids, devices that were not seen for 400 days,
/// audit entries older than `audit.ttl`, mail that was put aside and that nobody will ask for again, and
/// pages of the store's file that hold nothing.
std::span<const Sweep> kernel_sweeps();

/// Runs `work`, which answers how many rows it has removed, as one transaction, and measures it.
template <class Work>
Swept remove_now(Services& services, Work work) {
  using SteadyClock = std::chrono::steady_clock;
  auto timed = [&](db::Tx& tx) {
    const auto begin = SteadyClock::now();
    const std::int64_t removed = work(tx);
    return Swept{.removed = removed,
                 .held = std::chrono::duration_cast<Microseconds>(SteadyClock::now() - begin)};
  };
  return services.database.write_now(timed);
}

/// The same for a sweep whose statement removes the oldest rows first, at most `most`, and needs no position.
template <class Work>
Swept remove_oldest_now(Services& services, std::int64_t most, Work work) {
  Swept swept = remove_now(services, work);
  if (swept.removed >= most) swept.continue_at = std::string();
  return swept;
}

}  // namespace latchkey::flow
