#include "app/cli/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/unicode.h"

namespace latchkey::app::cli {
namespace {

/// The code point that begins at `at` in valid UTF-8, and how many bytes it has.
std::pair<char32_t, std::size_t> read_code_point(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  char32_t point = lead & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i)
    point = (point << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3fU);
  return {point, size};
}

bool disturbs_a_terminal(char32_t point) {
  const auto within = [point](char32_t first, char32_t last) { return point >= first && point <= last; };
  return point < 0x20 || within(0x7f, 0x9f) || within(0x200e, 0x200f) || within(0x2028, 0x202e) ||
         within(0x2066, 0x2069);
}

}  // namespace

std::string printable(std::string_view text) {
  if (!is_valid_utf8(text)) {
    std::string shown;
    for (const char c : text) shown.push_back(c >= 0x20 && c < 0x7f ? c : '?');
    return shown;
  }
  std::string shown;
  for (std::size_t at = 0; at < text.size();) {
    const auto [point, size] = read_code_point(text, at);
    if (disturbs_a_terminal(point)) {
      shown += fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(point));
    } else {
      shown += text.substr(at, size);
    }
    at += size;
  }
  return shown;
}

Table::Table(Console& console, std::vector<std::string> heading)
    : console_(console), widths_(heading.size()), heading_(std::move(heading)) {}

void Table::add(std::vector<std::string> row) {
  for (auto& cell : row) cell = printable(cell);
  rows_.push_back(std::move(row));
  ++size_;
}

void Table::flush() {
  if (rows_.empty()) return;
  if (!heading_.empty()) rows_.insert(rows_.begin(), std::move(heading_));
  heading_.clear();
  for (const Row& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths_[i] = std::max(widths_[i], display_width(row[i]));
  }
  std::string out;
  for (const Row& row : rows_) write(row, out);
  rows_.clear();
  console_.out(out);
}

void Table::write(const Row& row, std::string& out) const {
  for (std::size_t i = 0; i < row.size(); ++i) {
    out += row[i];
    if (i + 1 < row.size()) out.append(widths_[i] + 2 - display_width(row[i]), ' ');
  }
  out += '\n';
}

void JsonArray::add(std::string_view element) {
  text_ += first_ ? "\n" : ",\n";
  first_ = false;
  text_ += element;
}

void JsonArray::flush() {
  console_.out(text_);
  text_.clear();
}

void JsonArray::finish() {
  text_ += first_ ? "]\n" : "\n]\n";
  flush();
}

}  // namespace latchkey::app::cli
