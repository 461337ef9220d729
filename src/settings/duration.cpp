#include "settings/duration.h"

#include <array>
#include <charconv>
#include <limits>

namespace latchkey::settings {
namespace {

struct Unit {
  std::string_view name;
  Microseconds length;
};
constexpr std::array<Unit, 5> units{{{"d", std::chrono::days{1}},
                                     {"h", std::chrono::hours{1}},
                                     {"m", std::chrono::minutes{1}},
                                     {"s", std::chrono::seconds{1}},
                                     {"ms", std::chrono::milliseconds{1}}}};

}  // namespace

std::optional<Microseconds> parse_duration(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) return std::nullopt;
  const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : units) {
    if (name != unit.name) continue;
    if (number > std::numeric_limits<std::int64_t>::max() / unit.length.count()) return std::nullopt;
    return number * unit.length;
  }
  return std::nullopt;
}

std::string format_duration(Microseconds duration) {
  if (duration == Microseconds{0}) return "0s";
  for (const Unit& unit : units) {
    if (duration % unit.length == Microseconds{0}) {
      return std::to_string(duration / unit.length).append(unit.name);
    }
  }
  return std::to_string(duration / std::chrono::milliseconds{1}) + "ms";
}

}  // namespace latchkey::settings
