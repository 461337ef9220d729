#include <fmt/format.h>
#include <sys/resource.h>

#include <iterator>

#include "base/free_memory.h"
#include "base/log.h"
#include "base/metrics.h"

namespace latchkey::metrics {
namespace {

class Page {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(end(), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  template <class Number>
  void sample(std::string_view name, std::string_view labels, Number number) {
    if (labels.empty()) {
      fmt::format_to(end(), "{} {}\n", name, number);
    } else {
      fmt::format_to(end(), "{}{{{}}} {}\n", name, labels, number);
    }
  }
  template <class Number>
  void single(std::string_view name, std::string_view type, std::string_view help, Number number) {
    family(name, type, help);
    sample(name, "", number);
  }
  void histogram(std::string_view name, const Timing& timing) {
    const std::string_view labels = timing.labels();
    const std::string_view comma = labels.empty() ? "" : ",";
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < Timing::bound_count; ++i) {
      below += timing.bucket(i);
      fmt::format_to(end(), "{}_bucket{{{}{}le=\"{}\"}} {}\n", name, labels, comma, Timing::bounds[i].label,
                     below);
    }
    below += timing.bucket(Timing::bound_count);
    fmt::format_to(end(), "{}_bucket{{{}{}le=\"+Inf\"}} {}\n", name, labels, comma, below);
    sample(fmt::format("{}_sum", name), labels, std::chrono::duration<double>(timing.total()).count());
    sample(fmt::format("{}_count", name), labels, below);
  }
  std::string text;

 private:
  std::back_insert_iterator<std::string> end() { return std::back_inserter(text); }
};

std::string_view type_of(Series::Kind kind) {
  switch (kind) {
    case Series::Kind::counter:
      return "counter";
    case Series::Kind::gauge:
      return "gauge";
    case Series::Kind::timing:
      return "histogram";
  }
  return "untyped";
}

void render_series(Page& page, const Family& family, const Series& series) {
  switch (family.kind()) {
    case Series::Kind::counter: {
      const std::uint64_t number = static_cast<const Counter&>(series).value();
      if (number > 0 || !series.hides_zero()) page.sample(family.name(), series.labels(), number);
      return;
    }
    case Series::Kind::gauge:
      return page.sample(family.name(), series.labels(), static_cast<const Gauge&>(series).value());
    case Series::Kind::timing:
      return page.histogram(family.name(), static_cast<const Timing&>(series));
  }
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void render_process(Page& page) {
  page.single("latchkey_log_lines_dropped_total", "counter",
              "Log lines dropped because standard error was blocked.", log::count_dropped());
  page.single("process_cpu_seconds_total", "counter", "User and system CPU time.", cpu_seconds());
  const Memory memory = measure_memory();
  page.single(
      "process_resident_memory_bytes", "gauge",
      "Resident memory, also pages of the program and its libraries, which other processes may share.",
      memory.resident);
  page.single("process_dirty_memory_bytes", "gauge",
              "Memory that this process has written and has for itself: what its end would free.",
              memory.dirty);
  page.family("latchkey_build_info", "gauge", "Always 1; the label is the version.");
  page.sample("latchkey_build_info", "version=\"" LATCHKEY_VERSION "\"", 1);
}

}  // namespace

std::string render(Families families) {
  Page page;
  for (const Family& family : families) {
    page.family(family.name(), type_of(family.kind()), family.help());
    for (const Series* series : family.series()) render_series(page, family, *series);
  }
  render_process(page);
  return page.text;
}

}  // namespace latchkey::metrics
