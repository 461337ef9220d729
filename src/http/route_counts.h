#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/metrics.h"

namespace latchkey::http {

/// How many requests the routes of one counter name have answered, by class of status, and how fast.
class RouteCounts {
 public:
  /// The one of that name, which the first call makes; it exists for good. Throws std::length_error when
  /// there are too many names: they stand in rows, never in a request. Any thread may call it.
  static RouteCounts& of(std::string_view name);
  /// Of everything that no route took, malformed requests included.
  static RouteCounts& unmatched();

  RouteCounts(const RouteCounts&) = delete;
  RouteCounts& operator=(const RouteCounts&) = delete;

  /// One answered request: its HTTP status, and the time from its last byte in to its first byte out. Any
  /// thread.
  void count(int status, Microseconds elapsed);

 private:
  friend struct RouteCountsList;
  static constexpr std::size_t classes = 5;  // 1xx to 5xx

  explicit RouteCounts(std::string_view name);

  const std::string name_;
  const std::string label_;
  const std::array<std::string, classes> class_labels_;
  std::array<metrics::Counter, classes> by_class_;
  metrics::Timing seconds_;
};

}  // namespace latchkey::http
