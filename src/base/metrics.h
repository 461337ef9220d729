#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

/// Counts for operators, as Prometheus reads them (text format 0.0.4). A number is an object with static
/// storage, declared beside the code that counts it; a `Family` gives it its name on the page. The numbers
/// are fixed when the program has started and no label comes from a request, so that nobody can grow their
/// set.
///
/// Counting takes one uncontended atomic addition: every thread has a block of its own cache lines, and who
/// reads a number sums the blocks. Any thread may count and read, at any time of the process.
namespace latchkey::metrics {

/// What counters, gauges and timings have in common. An object takes its place in the blocks when it is first
/// used. The blocks have room for thousands of numbers; one that finds no room counts nothing and reads as 0.
class Series {
 public:
  enum class Kind : std::uint8_t { counter, gauge, timing };
  /// Whether the page has the number before it was ever counted.
  enum class Zero : std::uint8_t { shown, hidden };

  Series(const Series&) = delete;
  Series& operator=(const Series&) = delete;

  std::string_view labels() const { return labels_; }
  bool hides_zero() const { return zero_ == Zero::hidden; }

 protected:
  constexpr Series(std::string_view labels, Zero zero, std::uint32_t cells) noexcept
      : labels_(labels), cells_(cells), zero_(zero) {}
  ~Series() = default;

  /// The first cell of the object's place.
  std::uint32_t place() const {
    const std::uint32_t place = place_.load(std::memory_order_relaxed);
    return place != 0 ? place : take_place();
  }

 private:
  std::uint32_t take_place() const;

  std::string_view labels_;
  std::uint32_t cells_;
  Zero zero_;
  mutable std::atomic<std::uint32_t> place_{0};
};

/// Something that only grows in number. `labels` is what stands between the braces on the page, such as
/// `outcome="ok"`; it must outlive the object.
class Counter : public Series {
 public:
  constexpr explicit Counter(std::string_view labels = {}, Zero zero = Zero::shown) noexcept
      : Series(labels, zero, 1) {}
  void add(std::uint64_t times = 1);
  /// The sum over all threads.
  std::uint64_t value() const;
};

/// A value that goes up and down. Threads may each move it their own way (one opens, another closes): the sum
/// counts.
class Gauge : public Series {
 public:
  constexpr explicit Gauge(std::string_view labels = {}) noexcept : Series(labels, Zero::shown, 1) {}
  void add(std::int64_t by);
  std::int64_t value() const;
};

/// How long something takes, as a histogram.
class Timing : public Series {
 public:
  struct Bound {
    Microseconds at;         ///< inclusive
    std::string_view label;  ///< the same in seconds
  };
  static constexpr std::size_t bound_count = 14;
  static const std::array<Bound, bound_count> bounds;

  constexpr explicit Timing(std::string_view labels = {}) noexcept
      : Series(labels, Zero::shown, bound_count + 2) {}
  void observe(Microseconds elapsed);
  /// Not cumulative; bucket number `bound_count` has what exceeds every bound.
  std::uint64_t bucket(std::size_t number) const;
  Microseconds total() const;
};

/// One name on the page, with all its series. Rooms and features list theirs.
class Family {
  // Before the constructors: Clang does not look ahead for what they run at compile time.
  constexpr void keep(auto series) {
    if (series.size() > series_.size()) throw std::length_error("make room for more series");
    for (const Series* one : series) series_[count_++] = one;
  }

 public:
  using Kind = Series::Kind;

  constexpr Family(std::string_view name, std::string_view help, std::initializer_list<const Counter*> series)
      : Family(name, help, Kind::counter) {
    keep(series);
  }
  constexpr Family(std::string_view name, std::string_view help, std::initializer_list<const Gauge*> series)
      : Family(name, help, Kind::gauge) {
    keep(series);
  }
  constexpr Family(std::string_view name, std::string_view help, std::initializer_list<const Timing*> series)
      : Family(name, help, Kind::timing) {
    keep(series);
  }
  /// For series that are made while the program starts. `list` gives series of that kind which exist for
  /// good; it may be called on any thread.
  using List = std::vector<const Series*> (*)();
  constexpr Family(std::string_view name, std::string_view help, Kind kind, List list)
      : Family(name, help, kind) {
    list_ = list;
  }

  std::string_view name() const { return name_; }
  std::string_view help() const { return help_; }
  Kind kind() const { return kind_; }
  std::vector<const Series*> series() const;

 private:
  constexpr Family(std::string_view name, std::string_view help, Kind kind)
      : name_(name), help_(help), kind_(kind) {}
  std::string_view name_;
  std::string_view help_;
  Kind kind_;
  List list_ = nullptr;
  std::size_t count_ = 0;
  std::array<const Series*, 16> series_{};
};

using Families = std::span<const Family>;

/// The families and the process's own age, memory and dropped log lines, in Prometheus text format 0.0.4. No
/// two families may have the same name.
std::string render(Families families);
inline constexpr const char* content_type = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace latchkey::metrics
