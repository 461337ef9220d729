#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace latchkey {

/// How many cores this process may use, at least 1: those that its affinity allows (taskset, a container's
/// cpuset), and no more than its control group's CPU quota pays for, rounded up. On a big machine that is
/// often far from all of them, and a thread for each of the others would only take memory. Any thread.
std::size_t usable_cores();

/// The cores that a control group's quota pays for, rounded up: "150000 100000" is 2, "max 100000" nothing
/// (Linux, Documentation/admin-guide/cgroup-v2.rst, `cpu.max`). Nothing for what can not be read, too.
std::optional<std::size_t> cores_of_quota(std::string_view cpu_max);

}  // namespace latchkey
