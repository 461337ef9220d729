#pragma once

#include <span>
#include <string>
#include <string_view>

namespace latchkey::db {

struct Replacement {
  std::string_view word;  ///< may hold single spaces, which stand for any white space
  std::string_view by;
};

/// The text of a migration as one database reads it: words replaced outside comments and quotes.
std::string replace_words(std::string_view sql, std::span<const Replacement> replacements);

/// The highest n of the placeholders $n outside comments and quotes.
std::size_t count_placeholders(std::string_view sql);

}  // namespace latchkey::db
