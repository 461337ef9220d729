#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace latchkey {

/// The bytes of memory that this process may use: the machine's, or the limit of its control group (version 2
/// or 1) and of the groups around it where one of them is lower. Reads the file system; for the start.
std::uint64_t usable_memory();

/// The limit in a group's `memory.max` or `memory.limit_in_bytes`. Nothing when it is `max`, or no number.
std::optional<std::uint64_t> memory_of_limit(std::string_view text);

}  // namespace latchkey
