#include "base/cores.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace latchkey {
namespace {

std::size_t cores_by_affinity() {
  cpu_set_t allowed;
  // Fails where the kernel's set is larger than this one: beyond 1,024 processors.
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0)
    return static_cast<std::size_t>(CPU_COUNT(&allowed));
  return std::thread::hardware_concurrency();
}

/// This process's group of cgroup v2, such as "/system.slice/latchkey.service"; empty where there is none.
std::string control_group() {
  constexpr std::string_view version_2 = "0::";
  std::ifstream file{"/proc/self/cgroup"};
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(version_2)) return line.substr(version_2.size());
  }
  return {};
}

/// The least of the group's own quota and of those around it.
std::optional<std::size_t> cores_by_quota() {
  const std::filesystem::path root = "/sys/fs/cgroup";
  std::optional<std::size_t> least;
  for (std::filesystem::path group = control_group(); !group.empty(); group = group.parent_path()) {
    std::ifstream file{root / group.relative_path() / "cpu.max"};
    std::string line;
    std::getline(file, line);
    if (const std::optional<std::size_t> cores = cores_of_quota(line)) {
      least = std::min(least.value_or(*cores), *cores);
    }
    if (group == group.root_path()) break;
  }
  return least;
}

}  // namespace

std::size_t usable_cores() {
  std::size_t cores = cores_by_affinity();
  if (const std::optional<std::size_t> paid = cores_by_quota()) cores = std::min(cores, *paid);
  return std::max<std::size_t>(1, cores);
}

std::optional<std::size_t> cores_of_quota(std::string_view cpu_max) {
  std::uint64_t quota = 0;
  std::uint64_t period = 0;
  const char* const end = cpu_max.data() + cpu_max.size();
  const auto first = std::from_chars(cpu_max.data(), end, quota);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != ' ') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, period);
  if (second.ec != std::errc{} || period == 0 || quota == 0) return std::nullopt;
  return static_cast<std::size_t>((quota - 1) / period + 1);
}

}  // namespace latchkey
