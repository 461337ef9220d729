#include "settings/rate.h"

#include <charconv>

#include "settings/duration.h"

namespace latchkey::settings {
namespace {

constexpr std::string_view off = "off";
constexpr std::int64_t most = 1'000'000;
constexpr Microseconds shortest = std::chrono::seconds(1);
constexpr Microseconds longest = std::chrono::days(30);

}  // namespace

std::optional<Rate> parse_rate(std::string_view text) {
  if (text == off) return Rate{};
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  Rate rate;
  const char* const end_of_count = text.data() + slash;
  const auto [end, error] = std::from_chars(text.data(), end_of_count, rate.count);
  if (error != std::errc{} || end != end_of_count || rate.count < 1 || rate.count > most) return std::nullopt;
  const auto per = parse_duration(text.substr(slash + 1));
  if (!per || *per < shortest || *per > longest) return std::nullopt;
  rate.per = *per;
  return rate;
}

std::string format_rate(const Rate& rate) {
  if (rate.is_off()) return std::string(off);
  return std::to_string(rate.count) + '/' + format_duration(rate.per);
}

}  // namespace latchkey::settings
