#include "db/dialect.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace latchkey::db {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

/// Where a comment or a quoted piece that starts at `at` ends; `at` when none starts there.
std::size_t skip_opaque(std::string_view sql, std::size_t at) {
  std::size_t end = at;
  if (sql.substr(at).starts_with("--")) {
    end = sql.find('\n', at);
  } else if (sql.substr(at).starts_with("/*")) {
    end = sql.find("*/", at + 2);
    if (end != std::string_view::npos) end += 2;
  } else if (sql[at] == '\'' || sql[at] == '"') {
    end = sql.find(sql[at], at + 1);
    if (end != std::string_view::npos) end += 1;
  }
  return end == std::string_view::npos ? sql.size() : end;
}

/// Where `word` ends that starts at `at`; `at` when it does not stand there.
std::size_t skip_words(std::string_view sql, std::size_t at, std::string_view word) {
  std::size_t end = at;
  for (const char c : word) {
    if (c == ' ') {
      const std::size_t space = end;
      while (end < sql.size() && is_space(sql[end])) ++end;
      if (end == space) return at;
    } else {
      if (end == sql.size() || sql[end] != c) return at;
      ++end;
    }
  }
  return end < sql.size() && is_word(sql[end]) ? at : end;
}

}  // namespace

std::string replace_words(std::string_view sql, std::span<const Replacement> replacements) {
  std::string text;
  text.reserve(sql.size() + 256);
  for (std::size_t at = 0; at < sql.size();) {
    std::size_t end = skip_opaque(sql, at);
    if (end != at || !is_word(sql[at])) {
      end = std::max(end, at + 1);
      text += sql.substr(at, end - at);
      at = end;
      continue;
    }
    const auto found = std::ranges::find_if(
        replacements, [&](const Replacement& one) { return skip_words(sql, at, one.word) != at; });
    if (found != replacements.end()) {
      end = skip_words(sql, at, found->word);
      text += found->by;
    } else {
      while (end < sql.size() && is_word(sql[end])) ++end;
      text += sql.substr(at, end - at);
    }
    at = end;
  }
  return text;
}

std::size_t count_placeholders(std::string_view sql) {
  std::size_t highest = 0;
  for (std::size_t at = 0; at < sql.size();) {
    const std::size_t end = skip_opaque(sql, at);
    if (end == at && sql[at] == '$') {
      std::size_t number = 0;
      std::from_chars(sql.data() + at + 1, sql.data() + sql.size(), number);
      highest = std::max(highest, number);
    }
    at = std::max(end, at + 1);
  }
  return highest;
}

}  // namespace latchkey::db
