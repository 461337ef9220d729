#include "http/language.h"

#include <algorithm>

#include "base/unicode.h"
#include "http/media_type.h"

namespace latchkey::http {
namespace {

constexpr std::size_t longest_tag = 35;

struct Choice {
  std::string_view tag;
  int weight = 0;
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= longest_tag && is_letter(text.front()) && text.back() != '-' &&
         std::ranges::all_of(text, [](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-'; });
}

/// One member of the list, such as `de-AT;q=0.8`.
Choice read_choice(std::string_view member) {
  const auto semicolon = member.find(';');
  const Choice none;
  Choice choice{.tag = trim(member.substr(0, semicolon)), .weight = 1000};
  if (!is_tag(choice.tag)) return none;
  if (semicolon == std::string_view::npos) return choice;
  const std::string_view weight = trim(member.substr(semicolon + 1));
  if (!weight.starts_with("q=") && !weight.starts_with("Q=")) return none;
  choice.weight = parse_weight(weight.substr(2));
  return choice;
}

void choose(std::string_view list, Choice& best) {
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    const Choice choice = read_choice(list.substr(at, end - at));
    if (choice.weight > best.weight) best = choice;
    at = end + 1;
  }
}

/// Whether the tag is `offered`, or a variant of it.
bool is_kind_of(std::string_view tag, std::string_view offered) {
  return tag.size() >= offered.size() && equal_ignoring_ascii_case(tag.substr(0, offered.size()), offered) &&
         (tag.size() == offered.size() || tag[offered.size()] == '-');
}

struct Best {
  std::size_t place;
  int weight = 0;
};

void choose_among(std::string_view list, std::span<const std::string_view> offered, Best& best) {
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    const Choice choice = read_choice(list.substr(at, end - at));
    at = end + 1;
    if (choice.weight <= best.weight) continue;
    const auto found =
        std::ranges::find_if(offered, [&](std::string_view tag) { return is_kind_of(choice.tag, tag); });
    if (found == offered.end()) continue;
    best = {.place = static_cast<std::size_t>(found - offered.begin()), .weight = choice.weight};
  }
}

}  // namespace

std::size_t best_language(std::string_view accept_language, std::span<const std::string_view> offered) {
  Best best{.place = offered.size()};
  choose_among(accept_language, offered, best);
  return best.place;
}

std::size_t best_language(const Request& request, std::span<const std::string_view> offered) {
  Best best{.place = offered.size()};
  for (const HeaderView& line : request.headers)
    if (equal_ignoring_ascii_case(line.name, "Accept-Language")) choose_among(line.value, offered, best);
  return best.place;
}

std::string preferred_language(std::string_view accept_language) {
  Choice best;
  choose(accept_language, best);
  return std::string(best.tag);
}

std::string preferred_language(const Request& request) {
  Choice best;
  for (const HeaderView& line : request.headers)
    if (equal_ignoring_ascii_case(line.name, "Accept-Language")) choose(line.value, best);
  return std::string(best.tag);
}

}  // namespace latchkey::http
