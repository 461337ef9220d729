#include "mail/plain_name.h"

#include <algorithm>

namespace latchkey::mail {
namespace {

/// What programs take for a full stop between two labels of a host: RFC 3490 §3.1, and those that NFKC makes
/// one of.
constexpr std::string_view dots[] = {".", "\u2024", "\u3002", "\uFE52", "\uFF0E", "\uFF61"};
/// The other characters of addresses, with their wide forms.
constexpr std::string_view others[] = {":",      "/",      "\\",     "@",      "\uFE55", "\uFE68",
                                       "\uFE6B", "\uFF0F", "\uFF1A", "\uFF20", "\uFF3C"};

template <class Characters>
std::string_view first_of(std::string_view text, const Characters& characters) {
  const auto found =
      std::ranges::find_if(characters, [&](std::string_view each) { return text.starts_with(each); });
  return found == std::end(characters) ? std::string_view() : text.substr(0, found->size());
}

}  // namespace

std::string without_links(std::string_view name) {
  std::string shown;
  while (!name.empty()) {
    const std::string_view dot = first_of(name, dots);
    const std::string_view sign = dot.empty() ? first_of(name, others) : dot;
    const std::size_t size = std::max<std::size_t>(sign.size(), 1);
    shown += name.substr(0, size);
    name.remove_prefix(size);
    if (sign.empty() || name.empty() || name.front() == ' ') continue;
    // An ellipsis stays one.
    if (dot.empty() || first_of(name, dots).empty()) shown += ' ';
  }
  return shown;
}

}  // namespace latchkey::mail
