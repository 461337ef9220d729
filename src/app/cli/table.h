#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/cli/console.h"

namespace latchkey::app::cli {

/// A text that a terminal shows as it is: control characters, and those that turn the direction of writing,
/// become `\u{…}`. Bad UTF-8 becomes `?`.
std::string printable(std::string_view text);

/// Rows in aligned columns under a heading, written a page at a time so that a long list needs little memory.
/// Columns grow when a later page needs it; they never shrink.
class Table {
 public:
  Table(Console& console, std::vector<std::string> heading);
  void add(std::vector<std::string> row);
  /// Writes what was added. Nothing at all when there was never a row.
  void flush();
  std::size_t size() const { return size_; }

 private:
  using Row = std::vector<std::string>;
  void write(const Row& row, std::string& out) const;

  Console& console_;
  std::vector<Row> rows_;
  std::vector<std::size_t> widths_;
  std::size_t size_ = 0;
  Row heading_;
};

/// A JSON array, written an element at a time.
class JsonArray {
 public:
  explicit JsonArray(Console& console) : console_(console) {}
  void add(std::string_view element);
  void flush();
  /// Closes the array.
  void finish();

 private:
  Console& console_;
  std::string text_ = "[";
  bool first_ = true;
};

}  // namespace latchkey::app::cli
