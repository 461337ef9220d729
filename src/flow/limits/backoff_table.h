#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace latchkey::flow::limits {

/// When an account (or an address of nobody) that has failed `failures` times in a row may be tried again:
/// nullopt below the limit, then `lock`, doubling with each further failure up to an hour.
std::optional<Microseconds> lock_after(std::int64_t failures, std::int64_t limit, Microseconds lock);

/// A closed password is not tried again. The client is told to wait for as long as the longest lock lasts: by
/// then the owner or an operator may have opened it.
inline constexpr Microseconds longest_lock = std::chrono::hours(1);
inline constexpr std::int64_t never_closes = std::numeric_limits<std::int64_t>::max();

/// Counts by key what strangers can provoke at will, each key with waits that double. In memory and of a
/// fixed size: strangers can not grow a table. What is forgotten first is what was counted least; a restart
/// forgets everything. Any thread may call it.
///
/// One counts failed sign-ins of addresses that have no account, so that they are refused as known ones are
/// and the two can not be told apart. Another thins out what the audit gets of refusals that cost nothing.
class BackoffTable {
 public:
  BackoffTable();

  /// Counts one attempt; answers how long to wait when the key is refused now, and then counts nothing. From
  /// `limit` on each attempt refuses the next ones for `lock_after`; the attempt number `last` closes the
  /// key.
  std::optional<Microseconds> reserve(std::string_view key, Timestamp now, std::int64_t limit,
                                      Microseconds lock, std::int64_t last = never_closes);
  /// How many attempts were counted.
  std::int64_t count(std::string_view key);
  /// Undoes one `reserve` of an attempt that was not looked at.
  void give_back(std::string_view key);

 private:
  struct Slot {
    std::uint64_t tag = 0;
    std::int64_t failures = 0;
    Timestamp locked_until;
  };
  static constexpr std::size_t ways = 8;
  static constexpr std::size_t sets = 4096;
  struct Place {
    std::uint64_t tag = 0;
    std::size_t set = 0;
  };
  Place place_of(std::string_view key) const;
  std::span<Slot> slots_of(const Place& place);

  std::array<std::uint8_t, 32> key_;
  std::mutex mutex_;
  std::vector<Slot> slots_;  ///< taken at the first key
};

}  // namespace latchkey::flow::limits
