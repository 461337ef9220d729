#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace latchkey {

using Microseconds = std::chrono::microseconds;
using Seconds = std::chrono::seconds;

/// A moment in UTC. The database keeps it as a 64-bit count of microseconds since 1970.
using Timestamp = std::chrono::sys_time<Microseconds>;

/// Where "now" comes from. It is read once when a request or a job enters and handed on as a value; rules
/// never read a clock. Any thread may call anything.
///
/// In builds with LATCHKEY_TEST_HOOKS the environment variable LATCHKEY_TEST_CLOCK_FILE names a file with two
/// 8-byte little-endian numbers of microseconds, which tests change while the program runs: by how much the
/// time of the world has moved, and by how much this machine's clock is wrong (0 when the file is shorter).
class Clock {
 public:
  Clock();
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;

  Timestamp now() const {
    const std::int64_t boot = boot_.load(std::memory_order_relaxed);
    return (boot == follows_nobody ? machine_time() : Timestamp{time_since_boot() + Microseconds{boot}}) +
           moved();
  }

  /// What this machine's own clock says. It steps when somebody sets it.
  Timestamp machine_time() const;
  /// Steps with nobody.
  static Microseconds time_since_boot();
  /// From now on the time is that of a clock which, at the start of this machine, stood at `boot`, whatever
  /// this machine's own is set to: where several nodes share a database they follow its clock
  /// (db/postgres/driver.h).
  void follow(Timestamp boot) { boot_.store(boot.time_since_epoch().count(), std::memory_order_relaxed); }

 private:
  Microseconds moved() const { return Microseconds{hook_ == nullptr ? 0 : hook_[0]}; }

  const volatile std::int64_t* hook_ = nullptr;
  static constexpr std::int64_t follows_nobody = std::numeric_limits<std::int64_t>::min();
  std::atomic<std::int64_t> boot_{follows_nobody};
};

/// RFC 3339 in UTC with microseconds, such as `2026-01-31T08:00:00.000000Z`. It has room for the years 0 to
/// 9999 only; others are shown as the nearest of these.
class Rfc3339 {
 public:
  explicit Rfc3339(Timestamp at);
  std::string_view view() const { return {text_.data(), text_.size()}; }

 private:
  std::array<char, 27> text_{"0000-00-00T00:00:00.000000"};
};
std::string format_rfc3339(Timestamp at);

/// A time as RFC 3339 §5.6 writes it, with any offset and up to nine digits of a second (those behind the
/// microsecond are dropped). Nothing for any other text, a day that the month does not have, or a leap
/// second.
std::optional<Timestamp> parse_rfc3339(std::string_view text);

/// Whole seconds since 1970, rounded down: the NumericDate of RFC 7519 §2.
std::int64_t to_numeric_date(Timestamp at);

}  // namespace latchkey
