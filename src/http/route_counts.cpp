#include "http/route_counts.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <stdexcept>

#include "http/counters.h"

namespace latchkey::http {
namespace {

constexpr std::size_t max_names = 64;
constexpr std::string_view unmatched_name = "unmatched";

std::array<std::string, 5> class_labels(const std::string& label) {
  std::array<std::string, 5> labels;
  for (std::size_t i = 0; i < labels.size(); ++i)
    labels[i] = label + ",status=\"" + std::to_string(i + 1) + "xx\"";
  return labels;
}

}  // namespace

/// All that were made, in their order.
struct RouteCountsList {
  std::mutex mutex;
  std::vector<std::unique_ptr<RouteCounts>> all;

  RouteCountsList() { all.emplace_back(new RouteCounts(unmatched_name)); }

  /// Never freed: a thread may count until the process ends.
  static RouteCountsList& get() {
    static RouteCountsList& list = *new RouteCountsList;
    return list;
  }

  RouteCounts& find_or_make(std::string_view name) {
    const std::lock_guard lock(mutex);
    const auto found = std::ranges::find_if(all, [&](const auto& one) { return one->name_ == name; });
    if (found != all.end()) return **found;
    if (all.size() == max_names) throw std::length_error("too many names of route counters");
    all.emplace_back(new RouteCounts(name));
    return *all.back();
  }

  static std::vector<const metrics::Series*> by_class() {
    RouteCountsList& list = get();
    const std::lock_guard lock(list.mutex);
    std::vector<const metrics::Series*> series;
    for (const auto& one : list.all) {
      for (const metrics::Counter& counter : one->by_class_) series.push_back(&counter);
    }
    return series;
  }

  static std::vector<const metrics::Series*> seconds() {
    RouteCountsList& list = get();
    const std::lock_guard lock(list.mutex);
    std::vector<const metrics::Series*> series;
    for (const auto& one : list.all) series.push_back(&one->seconds_);
    return series;
  }
};

// 2xx always stands on the page, another class only once it has occurred.
RouteCounts::RouteCounts(std::string_view name)
    : name_(name),
      label_("route=\"" + name_ + "\""),
      class_labels_(class_labels(label_)),
      by_class_{metrics::Counter(class_labels_[0], metrics::Series::Zero::hidden),
                metrics::Counter(class_labels_[1]),
                metrics::Counter(class_labels_[2], metrics::Series::Zero::hidden),
                metrics::Counter(class_labels_[3], metrics::Series::Zero::hidden),
                metrics::Counter(class_labels_[4], metrics::Series::Zero::hidden)},
      seconds_(label_) {}

RouteCounts& RouteCounts::of(std::string_view name) { return RouteCountsList::get().find_or_make(name); }

RouteCounts& RouteCounts::unmatched() {
  static RouteCounts& counts = of(unmatched_name);
  return counts;
}

void RouteCounts::count(int status, Microseconds elapsed) {
  by_class_[static_cast<std::size_t>(std::clamp(status / 100, 1, 5) - 1)].add();
  seconds_.observe(elapsed);
}

namespace counters {

constinit metrics::Gauge connections_open;
constinit metrics::Counter connections_accepted;
constinit metrics::Counter connections_refused;
constinit metrics::Counter connections_given_up;
constinit metrics::Counter refusals_delayed;
constinit metrics::Counter database_unavailable;
constinit metrics::Counter unreadable_rows;

metrics::Families families() {
  using enum metrics::Series::Kind;
  static constexpr metrics::Family list[] = {
      {"latchkey_requests_total", "Requests answered, by route and class of status.", counter,
       RouteCountsList::by_class},
      {"latchkey_request_seconds", "Time from a request's last byte to its answer's first.", timing,
       RouteCountsList::seconds},
      {"latchkey_connections_open", "Connections open now.", {&connections_open}},
      {"latchkey_connections_accepted_total", "Connections accepted.", {&connections_accepted}},
      {"latchkey_connections_refused_total",
       "Connections closed at once for lack of room.",
       {&connections_refused}},
      {"latchkey_connections_given_up_total",
       "Connections closed because descriptors or memory ran short: of whoever held most.",
       {&connections_given_up}},
      {"latchkey_refusals_delayed_total",
       "Answers 429 and 503 held back because their client was refused so often.",
       {&refusals_delayed}},
      {"latchkey_database_unavailable_total",
       "Requests answered 503 because the store could not serve them.",
       {&database_unavailable}},
      {"latchkey_unreadable_rows_total",
       "Requests answered 500 because a row of the store holds what no program of ours writes.",
       {&unreadable_rows}},
  };
  return list;
}

}  // namespace counters
}  // namespace latchkey::http
