#include "web/linked_text.h"

#include <algorithm>

namespace latchkey::web {
namespace {

bool may_stand_in_address(char c) {
  constexpr std::string_view never = "<>\"'(){}[]`\\^|";
  return c > ' ' && c <= '~' && never.find(c) == never.npos;
}

/// The address at the beginning of `text`; empty when there is none.
std::string_view take_address(std::string_view text) {
  constexpr std::string_view schemes[] = {"https://", "http://"};
  const auto scheme = std::ranges::find_if(schemes, [&](auto start) { return text.starts_with(start); });
  if (scheme == std::end(schemes)) return {};
  const auto end = std::ranges::find_if_not(text, may_stand_in_address);
  auto address = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  constexpr std::string_view of_the_sentence = ".,;:!?";
  while (of_the_sentence.find(address.back()) != of_the_sentence.npos) address.remove_suffix(1);
  return address.size() > scheme->size() ? address : std::string_view();
}

/// Tabs would be shown as characters that nobody knows.
std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text) c == '\t' ? out.append("    ") : out.append(1, c);
  return out;
}

void add_line(std::vector<Piece>& pieces, std::string_view line) {
  constexpr std::string_view every_scheme = "http";
  std::size_t plain = 0;  // where the piece that is no link begins
  for (auto at = line.find(every_scheme); at != line.npos; at = line.find(every_scheme, at)) {
    const auto address = take_address(line.substr(at));
    if (address.empty()) {
      at += every_scheme.size();
      continue;
    }
    if (at > plain) pieces.push_back({.text = shown(line.substr(plain, at - plain))});
    pieces.push_back({.text = std::string(address), .is_link = true});
    at += address.size();
    plain = at;
  }
  pieces.push_back({.text = shown(line.substr(plain)), .ends_line = true});
}

}  // namespace

std::vector<Piece> find_links(std::string_view text) {
  std::vector<Piece> pieces;
  while (!text.empty()) {
    const auto end = text.find('\n');
    add_line(pieces, text.substr(0, end));
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
  }
  return pieces;
}

}  // namespace latchkey::web
