#include "measure.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace latchkey::bench {
namespace {

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

/// Fields 14 and 15 of /proc/PID/stat; the name before them may hold spaces but ends with the last ')'.
double cpu_in_ticks(const std::string& folder) {
  std::ifstream file(folder + "/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  unsigned long user = 0;
  unsigned long system = 0;
  const int found = std::sscanf(text.c_str() + name_end + 1,
                                " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
  return found == 2 ? static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK)) : 0;
}

}  // namespace

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double own_cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
}

double own_delay_seconds() {
  std::ifstream file("/proc/self/schedstat");
  double ran = 0;
  double waited = 0;
  return file >> ran >> waited ? waited / 1e9 : 0;
}

double cpu_seconds_of(pid_t process) {
  const std::string folder = "/proc/" + std::to_string(process);
  std::error_code gone;
  double nanoseconds = 0;
  for (const auto& task : std::filesystem::directory_iterator(folder + "/task", gone)) {
    std::ifstream file(task.path() / "schedstat");
    double of_task = 0;
    if (file >> of_task) nanoseconds += of_task;
  }
  return nanoseconds > 0 ? nanoseconds / 1e9 : cpu_in_ticks(folder);
}

Stopwatch::Stopwatch() : start_(now_seconds()), cpu_start_(own_cpu_seconds()) {}

double Stopwatch::elapsed() const { return now_seconds() - start_; }

void Stopwatch::report(std::uint64_t operations) const {
  const double cpu = own_cpu_seconds() - cpu_start_;
  const double seconds = elapsed();
  const auto count = static_cast<double>(operations);
  std::printf("{\"operations\": %.0f, \"per_second\": %.1f, \"cpu_us\": %.3f}\n", count, count / seconds,
              cpu / count * 1e6);
}

Arguments::Arguments(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (!word.starts_with("--")) {
      positional_.emplace_back(word);
    } else if (i + 1 < argc) {
      named_.emplace(word.substr(2), argv[++i]);
    } else {
      give_up(std::string(word) + " has no value");
    }
  }
}

const std::string& Arguments::positional(std::size_t index) const {
  if (index >= positional_.size())
    give_up("an argument is missing; bench/run shows how the programs are called");
  return positional_[index];
}

std::string Arguments::text(std::string_view name, std::string_view fallback) const {
  const auto found = named_.find(name);
  return found == named_.end() ? std::string(fallback) : found->second;
}

double Arguments::number(std::string_view name, double fallback) const {
  const auto found = named_.find(name);
  return found == named_.end() ? fallback : std::atof(found->second.c_str());
}

std::uint64_t Arguments::count(std::string_view name, std::uint64_t fallback) const {
  const auto found = named_.find(name);
  return found == named_.end() ? fallback : std::strtoull(found->second.c_str(), nullptr, 10);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) give_up("can not read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void give_up(std::string_view why) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(why.size()), why.data());
  std::exit(1);
}

}  // namespace latchkey::bench
