#include "move/copy.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "crypto/sha256.h"
#include "db/error.h"

namespace latchkey::move {

using db::Cell;
using db::Row;
using db::Table;

namespace {

constexpr std::int64_t page = 500;
/// So few changes are brought over in a moment while writes are held.
constexpr std::size_t few = 200;
constexpr int most_rounds = 50;

Row keep_row(std::span<const db::Value> columns, const Table& table) {
  Row row;
  row.reserve(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) row.push_back(db::keep(columns[i], table.columns[i].type));
  return row;
}

class Rows final : public db::RowSink {
 public:
  explicit Rows(const Table& table) : table_(table) {}
  void row(std::span<const db::Value> columns) override { rows.push_back(keep_row(columns, table_)); }
  std::vector<Row> rows;

 private:
  const Table& table_;
};

std::vector<Row> fetch(db::Side& side, const tables::Text& text, const Table& table, const Row& parameters) {
  std::vector<Row> rows;
  std::vector<db::Value> values;
  for (const Cell& cell : parameters) values.push_back(db::borrow(cell));
  side.read([&](db::Connection& connection) {
    Rows sink(table);
    connection.execute(*text, values, sink);
    rows = std::move(sink.rows);
  });
  return rows;
}

/// The rows behind a key, or the first of all.
std::vector<Row> fetch_page(const Party& party, std::size_t table, const std::optional<Cell>& after,
                            std::int64_t limit) {
  const auto& of = party.of(table);
  if (!after.has_value()) return fetch(party.side, of.list_first, of.table, {limit});
  return fetch(party.side, of.list_after, of.table, {*after, limit});
}

std::vector<Row> fetch_range(const Party& party, std::size_t table, const std::optional<Cell>& after,
                             const Cell& up_to) {
  const auto& of = party.of(table);
  if (!after.has_value()) return fetch(party.side, of.list_until, of.table, {up_to});
  return fetch(party.side, of.list_range, of.table, {*after, up_to});
}

std::int64_t fetch_number(db::Side& side, const tables::Text& text) {
  class Number final : public db::RowSink {
   public:
    void row(std::span<const db::Value> columns) override { value = db::integer_of(columns[0]); }
    std::int64_t value = 0;
  } number;
  side.read([&](db::Connection& connection) { connection.execute(*text, {}, number); });
  return number.value;
}

/// A form of a row in which no two different rows are the same.
void append(std::string& out, const Cell& cell) {
  const auto sized = [&](std::string_view bytes) {
    out += std::to_string(bytes.size());
    out += ':';
    out += bytes;
  };
  out += static_cast<char>('0' + cell.index());
  if (const auto* truth = std::get_if<bool>(&cell)) out += *truth ? 't' : 'f';
  if (const auto* number = std::get_if<std::int64_t>(&cell)) sized(std::to_string(*number));
  if (const auto* text = std::get_if<std::string>(&cell)) sized(*text);
  if (const auto* bytes = std::get_if<Bytes>(&cell)) sized(view_text(*bytes));
}

/// A digest of the rows that goes on from an earlier one.
std::string digest(const std::string& before, const std::vector<Row>& rows) {
  std::string text = before;
  for (const Row& row : rows) {
    for (const Cell& cell : row) append(text, cell);
    text += '\n';
  }
  return crypto::sha256_hex(text);
}

std::map<Cell, const Row*> by_key(const std::vector<Row>& rows) {
  std::map<Cell, const Row*> map;
  for (const Row& row : rows) map.emplace(row.front(), &row);
  return map;
}

[[noreturn]] void differ(const Table& table, std::string_view how) {
  throw MoveRefused("table " + std::string(table.name) + ": " + std::string(how) +
                    "; the source goes on as if nothing had happened. Find out what else writes to the "
                    "target, then run the command again");
}

const db::Side::TakeRow no_rows = [](std::size_t, std::span<const db::Value>) {};

}  // namespace

/// Rows of one table that the log names.
struct MoveCopy::Changed {
  std::vector<Row> keys;
  std::vector<Row> rows;     ///< those that are there now
  std::vector<Row> removed;  ///< keys of those that are not
};

MoveCopy::MoveCopy(db::Side& source, db::Side& target, db::Tables content, MoveObserver& observer)
    : source_{source, tables::make_statements(content, source.dialect())},
      target_{target, tables::make_statements(content, target.dialect())},
      log_(content),
      observer_(observer) {
  for (const Table& table : content) tables_.push_back({.name = table.name, .rows = 0, .checksum = {}});
}

std::int64_t MoveCopy::count(const Party& party, std::size_t table) const {
  return fetch_number(party.side, party.of(table).count);
}

void MoveCopy::copy_all() {
  for (std::size_t i = 0; i < tables_.size(); ++i) copy_table(i);
}

void MoveCopy::copy_table(std::size_t table) {
  const auto& of = target_.of(table);
  const std::int64_t total = count(source_, table);
  std::int64_t done = 0;
  std::optional<Cell> after;
  for (;;) {
    const auto rows = fetch_page(source_, table, after, page);
    if (rows.empty()) break;
    std::vector<std::int64_t> changed;
    target_.side.write([&](db::Connection& connection) {
      changed = target_.side.run_each(connection, *of.insert, rows, no_rows);
    });
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (changed[i] == 0) log_.changed(table).insert(rows[i].front());
    }
    done += static_cast<std::int64_t>(rows.size());
    after = rows.back().front();
    observer_.progress({.phase = MoveObserver::Phase::copy,
                        .table = of.table.name,
                        .done = done,
                        .total = std::max(total, done + 1)});
  }
  observer_.progress(
      {.phase = MoveObserver::Phase::copy, .table = of.table.name, .done = done, .total = done});
}

void MoveCopy::compare_all() {
  for (std::size_t i = 0; i < tables_.size(); ++i) compare_table(i);
}

void MoveCopy::compare_table(std::size_t table) {
  const Table& what = source_.of(table).table;
  MovedTable& result = tables_[table];
  result.rows = 0;
  result.checksum.clear();
  const std::int64_t total = count(source_, table);
  std::optional<Cell> after;
  for (bool more = true; more;) {
    const auto source = fetch_page(source_, table, after, page);
    more = static_cast<std::int64_t>(source.size()) == page;
    // The last page takes everything that the target has beyond.
    const auto target = more ? fetch_range(target_, table, after, source.back().front())
                             : fetch_page(target_, table, after, std::numeric_limits<std::int64_t>::max());
    const std::string sum = digest(result.checksum, target);
    if (sum != digest(result.checksum, source)) explain(table, by_key(source), by_key(target));
    result.checksum = sum;
    result.rows += static_cast<std::int64_t>(source.size());
    if (!source.empty()) after = source.back().front();
    observer_.progress({.phase = MoveObserver::Phase::check,
                        .table = what.name,
                        .done = result.rows,
                        .total = more ? total : result.rows});
  }
}

void MoveCopy::explain(std::size_t table, const std::map<Cell, const Row*>& source,
                       const std::map<Cell, const Row*>& target) {
  const Table& what = source_.of(table).table;
  std::vector<Cell> different;
  for (const auto& [key, row] : source) {
    const auto other = target.find(key);
    if (other == target.end() || *other->second != *row) different.push_back(key);
  }
  for (const auto& [key, row] : target) {
    if (!source.contains(key)) different.push_back(key);
  }
  if (different.empty()) return;
  log_.read_on(source_.side);
  for (const Cell& key : different) {
    if (!log_.changed(table).contains(key))
      differ(what, "the checksums say that the target differs from the source");
  }
}

void MoveCopy::follow() {
  for (int round = 0; round < most_rounds; ++round) {
    log_.read_on(source_.side);
    if (log_.size() <= few) return;
    std::size_t left = log_.size();
    // What comes up meanwhile is the next round's.
    while (log_.size() > 0 && log_.size() <= left) {
      left = log_.size() - 1;
      follow_some(Writes::go_on);
      observer_.progress({.phase = MoveObserver::Phase::follow,
                          .table = "changes",
                          .done = 0,
                          .total = static_cast<std::int64_t>(log_.size())});
    }
  }
}

void MoveCopy::follow_to_the_end() {
  log_.read_on(source_.side);
  if (log_.size() > 0) follow_some(Writes::are_held);
}

void MoveCopy::follow_some(Writes writes) {
  // At the end everything at once: what fits only together, such as an address that was given up and taken
  // again, is then together.
  const auto limit = static_cast<std::size_t>(page);
  const auto changed =
      take_changed(writes == Writes::go_on ? limit : std::numeric_limits<std::size_t>::max());
  try {
    write_changed(changed, writes);
  } catch (const db::ConstraintViolation&) {
    if (writes == Writes::are_held) throw;
    return put_back(changed);
  }
  compare_changed(changed);
}

std::vector<MoveCopy::Changed> MoveCopy::take_changed(std::size_t limit) {
  std::vector<Changed> changed(tables_.size());
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    auto& keys = log_.changed(i);
    while (!keys.empty() && changed[i].keys.size() < limit)
      changed[i].keys.push_back({keys.extract(keys.begin()).value()});
  }
  // In one snapshot, so that no session comes without its user.
  source_.side.read([&](db::Connection& connection) {
    for (std::size_t i = 0; i < tables_.size(); ++i) {
      Changed& of = changed[i];
      of.rows.clear();
      of.removed.clear();
      std::vector<bool> found(of.keys.size());
      const auto& statements = source_.of(i);
      source_.side.run_each(connection, *statements.find, of.keys,
                            [&](std::size_t at, std::span<const db::Value> columns) {
                              found[at] = true;
                              of.rows.push_back(keep_row(columns, statements.table));
                            });
      for (std::size_t at = 0; at < found.size(); ++at) {
        if (!found[at]) of.removed.push_back(of.keys[at]);
      }
    }
  });
  return changed;
}

void MoveCopy::write_changed(const std::vector<Changed>& changed, Writes writes) {
  std::vector<std::vector<Cell>> waiting(tables_.size());
  target_.side.write([&](db::Connection& connection) {
    for (std::size_t i = tables_.size(); i-- > 0;)
      target_.side.run_each(connection, *target_.of(i).remove, changed[i].removed, no_rows);
    for (std::size_t i = 0; i < tables_.size(); ++i) {
      waiting[i].clear();
      const auto put = target_.side.run_each(connection, *target_.of(i).put, changed[i].rows, no_rows);
      for (std::size_t at = 0; at < put.size(); ++at) {
        if (put[at] == 0) waiting[i].push_back(changed[i].rows[at].front());
      }
    }
  });
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    if (!waiting[i].empty() && writes == Writes::are_held)
      differ(source_.of(i).table, "a row cannot be written to the target");
    for (Cell& key : waiting[i]) log_.changed(i).insert(std::move(key));
  }
}

void MoveCopy::compare_changed(const std::vector<Changed>& changed) {
  target_.side.read([&](db::Connection& connection) {
    for (std::size_t i = 0; i < tables_.size(); ++i) {
      const auto& statements = target_.of(i);
      std::vector<Row> there;
      target_.side.run_each(connection, *statements.find, changed[i].keys,
                            [&](std::size_t, std::span<const db::Value> columns) {
                              there.push_back(keep_row(columns, statements.table));
                            });
      // Those that wait for their user come again.
      std::vector<Row> expected;
      for (const Row& row : changed[i].rows) {
        if (!log_.changed(i).contains(row.front())) expected.push_back(row);
      }
      if (digest({}, there) != digest({}, expected))
        differ(statements.table, "the checksums say that the target differs from the source");
    }
  });
}

void MoveCopy::put_back(const std::vector<Changed>& changed) {
  for (std::size_t i = 0; i < changed.size(); ++i) {
    for (const Row& key : changed[i].keys) log_.changed(i).insert(key.front());
  }
}

void MoveCopy::compare_counts() {
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    const auto source = count(source_, i);
    const auto target = count(target_, i);
    tables_[i].rows = source;
    if (source != target) {
      differ(source_.of(i).table,
             "the source has " + std::to_string(source) + " rows, the target " + std::to_string(target));
    }
  }
}

void MoveCopy::carry_last_ids() {
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    const auto& of = source_.of(i);
    if (of.table.ids == Table::Ids::brought) continue;
    const std::int64_t last = fetch_number(source_.side, of.find_last);
    target_.side.write([&](db::Connection& connection) {
      tables::set_last_id(connection, target_.side.dialect(), of.table, last);
    });
  }
}

}  // namespace latchkey::move
