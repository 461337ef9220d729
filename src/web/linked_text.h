#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace latchkey::web {

/// A piece of a text, as a page shows it.
struct Piece {
  std::string text;      ///< of one line
  bool is_link = false;  ///< the text is an address that can be opened
  bool ends_line = false;
};

/// The text in pieces, in order. An address begins with `http://` or `https://` and is what it says; it ends
/// before white space, a bracket, a quotation mark or anything but ASCII, and without the full stop or comma
/// of its sentence.
std::vector<Piece> find_links(std::string_view text);

}  // namespace latchkey::web
