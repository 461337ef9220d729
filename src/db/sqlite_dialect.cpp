#include <cctype>

#include "db/sqlite_connection.h"

namespace latchkey::db {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

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

}  // namespace

std::string sqlite_dialect(std::string_view sql) {
  std::string text;
  text.reserve(sql.size() + 256);
  for (std::size_t at = 0; at < sql.size();) {
    std::size_t end = skip_opaque(sql, at);
    if (end == at) {
      while (end < sql.size() && is_word(sql[end])) ++end;
      if (end == at) ++end;
      const std::string_view word = sql.substr(at, end - at);
      text += word == "IDENTITY" ? "INTEGER PRIMARY KEY AUTOINCREMENT" : word == "BYTEA" ? "BLOB" : word;
    } else {
      text += sql.substr(at, end - at);
    }
    at = end;
  }
  return text;
}

}  // namespace latchkey::db
