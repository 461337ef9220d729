#include "mail/file_name.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace latchkey::mail {
namespace {

/// `d` stands for a digit, any other letter for itself.
constexpr std::string_view time_shape = "ddddddddTdddddd.ddddddZ";

bool has_shape(std::string_view text, std::string_view shape) {
  if (text.size() != shape.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (shape[i] == 'd' ? !digit : text[i] != shape[i]) return false;
  }
  return true;
}

}  // namespace

std::string make_file_name(Timestamp written_at, const LinkId& id) {
  const auto second = std::chrono::floor<Seconds>(written_at);
  return fmt::format("{:%Y%m%dT%H%M%S}.{:06}Z-{}{}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(second)), (written_at - second).count(),
                     to_string(id), file_suffix);
}

std::optional<Timestamp> read_file_name(std::string_view name) {
  const auto time = name.substr(0, time_shape.size());
  if (!has_shape(time, time_shape) || !name.ends_with(file_suffix)) return std::nullopt;
  const auto rest = name.substr(time.size(), name.size() - time.size() - file_suffix.size());
  if (!rest.starts_with('-') || !parse_id<LinkId>(rest.substr(1)).has_value()) return std::nullopt;
  const auto at = [&](std::size_t from, std::size_t count) { return time.substr(from, count); };
  return parse_rfc3339(fmt::format("{}-{}-{}T{}:{}:{}", at(0, 4), at(4, 2), at(6, 2), at(9, 2), at(11, 2),
                                   at(13, std::string_view::npos)));
}

}  // namespace latchkey::mail
