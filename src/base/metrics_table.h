// What metrics.cpp counts and metrics_render.cpp prints; of no use elsewhere.
#pragma once

#include <array>
#include <string_view>

#include "base/metrics.h"

namespace latchkey::metrics {

inline constexpr std::size_t histogram_count = route_count + timing_count;

struct Bucket {
  Microseconds bound;      ///< inclusive
  std::string_view label;  ///< the same in seconds
};
inline constexpr std::array<Bucket, 14> bucket_bounds{{
    {Microseconds{50}, "5e-05"},
    {Microseconds{100}, "0.0001"},
    {Microseconds{250}, "0.00025"},
    {Microseconds{500}, "0.0005"},
    {Microseconds{1'000}, "0.001"},
    {Microseconds{2'500}, "0.0025"},
    {Microseconds{5'000}, "0.005"},
    {Microseconds{10'000}, "0.01"},
    {Microseconds{25'000}, "0.025"},
    {Microseconds{50'000}, "0.05"},
    {Microseconds{100'000}, "0.1"},
    {Microseconds{250'000}, "0.25"},
    {Microseconds{1'000'000}, "1"},
    {Microseconds{10'000'000}, "10"},
}};

std::uint64_t read_requests(std::size_t route, std::size_t status_class);
/// Not cumulative; the last bucket is past the bounds.
std::uint64_t read_bucket(std::size_t histogram, std::size_t bucket);
Microseconds read_total(std::size_t histogram);

}  // namespace latchkey::metrics
