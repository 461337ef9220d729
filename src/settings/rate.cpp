#include "settings/rate.h"

#include <charconv>

#include "settings/duration.h"

namespace latchkey::settings {
namespace {

constexpr std::string_view no_limit = "off";
constexpr std::int64_t greatest_count = 1'000'000;
constexpr Microseconds shortest_time = std::chrono::seconds(1);
constexpr Microseconds longest_time = std::chrono::days(30);

}  // namespace

std::optional<Rate> parse_rate(std::string_view text) {
  if (text == no_limit) return Rate{};
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  Rate rate;
  const char* const end_of_count = text.data() + slash;
  const auto [end, error] = std::from_chars(text.data(), end_of_count, rate.count);
  if (error != std::errc{} || end != end_of_count || rate.count < 1 || rate.count > greatest_count)
    return std::nullopt;
  const auto per = parse_duration(text.substr(slash + 1));
  if (!per || *per < shortest_time || *per > longest_time) return std::nullopt;
  rate.per = *per;
  return rate;
}

std::string format_rate(const Rate& rate) {
  if (rate.is_off()) return std::string(no_limit);
  return std::to_string(rate.count) + '/' + format_duration(rate.per);
}

}  // namespace latchkey::settings
