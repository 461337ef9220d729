#pragma once

#include <cstdint>

#include "base/time.h"

/// When a mail that could not be sent is tried again. Pure rules; the worker asks them.
namespace latchkey::mail {

/// For how long a mail is tried, counted from when it was asked for.
inline constexpr Seconds patience{24 * 60 * 60};

/// The wait after a number of tries, 1 or more: 10 s, 30 s, 1, 2, 5, 10 and 30 minutes, then an hour each.
Seconds backoff(std::int64_t tries);

/// When to try again, after a try that failed `now`: the back-off, shortened by up to a fifth (`jitter` in
/// 0…1), so that mails that failed together do not all come back together.
Timestamp next_try(Timestamp now, std::int64_t tries, double jitter);

/// Whether the patience is over.
bool is_given_up(Timestamp created_at, Timestamp now);

}  // namespace latchkey::mail
