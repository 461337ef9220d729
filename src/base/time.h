#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace latchkey {

using Microseconds = std::chrono::microseconds;
using Seconds = std::chrono::seconds;

/// A moment in UTC. The database keeps it as a 64-bit count of microseconds since 1970.
using Timestamp = std::chrono::sys_time<Microseconds>;

/// Where "now" comes from. It is read once when a request or a job enters and handed on as a value; rules
/// never read a clock. Any thread may call `now()`.
///
/// In builds with LATCHKEY_TEST_HOOKS the environment variable LATCHKEY_TEST_CLOCK_FILE names a file with one
/// 8-byte little-endian offset in microseconds, which tests change while the program runs.
class Clock {
 public:
  Clock();
  Timestamp now() const;

 private:
  const volatile std::int64_t* offset_ = nullptr;
};

/// RFC 3339 in UTC with microseconds, such as `2026-01-31T08:00:00.000000Z`. It has room for the years 0 to
/// 9999 only; others are shown as the nearest of these.
std::string format_rfc3339(Timestamp at);

/// Whole seconds since 1970, rounded down: the NumericDate of RFC 7519 §2.
std::int64_t to_numeric_date(Timestamp at);

}  // namespace latchkey
