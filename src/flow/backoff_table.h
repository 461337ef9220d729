#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace latchkey::flow {

/// When an account (or an address of nobody) that has failed `failures` times in a row may be tried again:
/// nullopt below the limit, then `lock`, doubling with each further failure up to an hour.
std::optional<Microseconds> lock_after(std::int64_t failures, std::int64_t limit, Microseconds lock);

/// Counts failed sign-ins of addresses that have no account, so that they are refused as known ones are and
/// the two can not be told apart. In memory and of a fixed size: strangers can not grow a table. What is
/// forgotten first is what failed least. Any thread may call it.
class Strangers {
 public:
  Strangers();

  /// Counts one attempt; answers how long to wait when the address is refused now.
  std::optional<Microseconds> reserve(std::string_view email_key, Timestamp now, std::int64_t limit,
                                      Microseconds lock);

 private:
  struct Slot {
    std::uint64_t tag = 0;
    std::int64_t failures = 0;
    Timestamp locked_until;
  };
  static constexpr std::size_t ways = 8;
  static constexpr std::size_t sets = 4096;

  std::array<std::uint8_t, 32> key_;
  std::mutex mutex_;
  std::vector<Slot> slots_;  ///< taken at the first stranger
};

}  // namespace latchkey::flow
