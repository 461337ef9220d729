#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// What the programs of bench/ share: clocks, CPU time and their command line.
namespace latchkey::bench {

/// Seconds on the monotonic clock.
double now_seconds();

/// CPU seconds that all threads of this process have used.
double own_cpu_seconds();

/// Seconds that the first thread of this process could have run and had to wait for a core; 0 where the
/// kernel does not count them.
double own_delay_seconds();

/// CPU seconds that all living threads of another process have used, to about a millisecond: from the
/// scheduler's own count, or in clock ticks where the kernel does not keep one. 0 when there is no such
/// process.
double cpu_seconds_of(pid_t process);

/// Keeps one run of a limit program: operations, seconds and CPU between its making and `report`.
class Stopwatch {
 public:
  Stopwatch();
  double elapsed() const;
  /// Prints one line of JSON: operations, operations a second, and CPU microseconds for each.
  void report(std::uint64_t operations) const;

 private:
  double start_;
  double cpu_start_;
};

/// `--name value` pairs and what stands without a name. Ends the process with a sentence on bad usage.
class Arguments {
 public:
  Arguments(int argc, char** argv);
  const std::string& positional(std::size_t index) const;
  bool has(std::string_view name) const { return named_.find(name) != named_.end(); }
  std::string text(std::string_view name, std::string_view fallback = "") const;
  double number(std::string_view name, double fallback) const;
  std::uint64_t count(std::string_view name, std::uint64_t fallback) const;

 private:
  std::map<std::string, std::string, std::less<>> named_;
  std::vector<std::string> positional_;
};

/// The whole of a file; ends the process with a sentence when it can not be read.
std::string read_file(const std::string& path);

/// Says why on standard error and ends the process. What programs of bench/ do about every surprise: a figure
/// that was measured around a fault is no figure.
[[noreturn]] void give_up(std::string_view why);

}  // namespace latchkey::bench
