#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/task.h"
#include "base/time.h"
#include "flow/accounts/history.h"
#include "flow/services.h"

namespace latchkey::features::activity {

/// How far back an owner sees; `audit.ttl` may end it sooner.
inline constexpr Microseconds shown_for = std::chrono::days(90);

struct ActivityPage {
  std::vector<store::audit::Told> rows;
  std::optional<std::int64_t> next{};  ///< nothing: this page is the last
};
/// A page of what happened to an account, the newest first, from behind an entry on (nothing: from the newest
/// on).
Task<ActivityPage> list_activity(flow::Services& services, Timestamp now, Subject account,
                                 std::optional<std::int64_t> after, std::int64_t limit);

/// Who did it, as the owner of `account` is told: "owner", "administrator", "operator" (the command line),
/// "system", or "unknown" for whoever was not signed in.
std::string_view word_for_actor(const store::audit::Told& entry, const std::string& account);

}  // namespace latchkey::features::activity
