#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace latchkey::db {

/// A part of a list that is read by its sort key: where the next part begins follows from the last row. No
/// row is ever counted or skipped over, so the last page costs what the first one does.
template <class Row>
struct Page {
  std::vector<Row> rows;
  bool has_more = false;
};

/// How many rows a statement must ask for, so that `cut_page` can tell whether more follow.
constexpr std::int64_t one_more_than(std::int64_t limit) { return limit + 1; }

/// The page out of up to `one_more_than(limit)` rows.
template <class Row>
Page<Row> cut_page(std::vector<Row> rows, std::int64_t limit) {
  const auto most = static_cast<std::size_t>(limit);
  Page<Row> page{.rows = std::move(rows)};
  page.has_more = page.rows.size() > most;
  if (page.has_more) page.rows.resize(most);
  return page;
}

}  // namespace latchkey::db
