#include "base/usable_memory.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <string>

namespace latchkey {
namespace {

/// A hierarchy of control groups that limits memory, as a line of /proc/self/cgroup names it.
struct Hierarchy {
  std::string_view mark;  ///< what stands before the group's path in its line
  const char* root;
  const char* file;
};

constexpr Hierarchy hierarchies[] = {{"0::", "/sys/fs/cgroup", "memory.max"},
                                     {":memory:", "/sys/fs/cgroup/memory", "memory.limit_in_bytes"}};

/// This process's group, such as "/system.slice/latchkey.service"; empty where there is none.
std::string group_in(const Hierarchy& hierarchy) {
  std::ifstream file{"/proc/self/cgroup"};
  for (std::string line; std::getline(file, line);) {
    const std::size_t at = line.find(hierarchy.mark);
    if (at != std::string::npos) return line.substr(at + hierarchy.mark.size());
  }
  return {};
}

/// The least of the group's own limit and of those around it.
std::optional<std::uint64_t> limit_in(const Hierarchy& hierarchy) {
  std::optional<std::uint64_t> least;
  for (std::filesystem::path group = group_in(hierarchy); !group.empty(); group = group.parent_path()) {
    std::ifstream file{std::filesystem::path(hierarchy.root) / group.relative_path() / hierarchy.file};
    std::string line;
    std::getline(file, line);
    if (const std::optional<std::uint64_t> limit = memory_of_limit(line))
      least = std::min(least.value_or(*limit), *limit);
    if (group == group.root_path()) break;
  }
  return least;
}

}  // namespace

std::uint64_t usable_memory() {
  auto memory = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  for (const Hierarchy& hierarchy : hierarchies)
    if (const std::optional<std::uint64_t> limit = limit_in(hierarchy)) memory = std::min(memory, *limit);
  return memory;
}

std::optional<std::uint64_t> memory_of_limit(std::string_view text) {
  std::uint64_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error != std::errc{} || end != text.data() + text.size() || limit == 0) return std::nullopt;
  return limit;
}

}  // namespace latchkey
