#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "flow/origin.h"
#include "flow/services.h"

/// How tables shrink. The housekeeper of the node that leads takes all sweeps in turn, one step at a time,
/// with a pause between two steps so that requests come first.
namespace latchkey::flow {

/// What one step did.
struct Swept {
  std::int64_t removed = 0;                  ///< rows
  std::optional<std::string> continue_at{};  ///< where the next step begins; nothing: the sweep is through
};

struct Sweep {
  std::string_view name;  ///< for the log
  /// Removes what has expired at `origin.now`, in one small transaction of at most about `most` rows.
  /// `position` is empty at first, then what the step before said. Blocks; throws what the store throws.
  Swept (*step)(Services& services, const Origin& origin, std::string_view position, std::int64_t most);
};

/// The kernel's own: expired sessions, mailed codes and spent ids, devices that were not seen for 400 days,
/// audit entries older than `audit.ttl`, and mail that was put aside and that nobody will ask for again.
std::span<const Sweep> kernel_sweeps();

/// For sweeps whose statement removes the oldest rows first and needs no position.
inline Swept swept_some(std::int64_t removed, std::int64_t most) {
  Swept swept{.removed = removed};
  if (removed >= most) swept.continue_at = std::string();
  return swept;
}

}  // namespace latchkey::flow
