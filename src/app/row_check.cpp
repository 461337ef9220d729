#include "app/row_check.h"

#include <algorithm>
#include <vector>

#include "base/id.h"
#include "base/role.h"
#include "crypto/password/hash.h"
#include "db/error.h"
#include "move/tables.h"
#include "store/factors.h"

namespace latchkey::app {
namespace {

constexpr std::int64_t page = 500;
constexpr std::size_t subject_size = 16;

/// The value as it is, whatever the column should hold.
db::Cell copy_of(const db::Value& value) {
  if (const auto* truth = std::get_if<bool>(&value)) return *truth;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  if (const auto* text = std::get_if<std::string_view>(&value)) return std::string(*text);
  if (const auto* bytes = std::get_if<ByteView>(&value)) return Bytes(bytes->begin(), bytes->end());
  return {};
}

std::string show(const db::Cell& key) {
  if (const auto* number = std::get_if<std::int64_t>(&key)) return std::to_string(*number);
  if (const auto* bytes = std::get_if<Bytes>(&key))
    return to_hex(bytes->data(), std::min<std::size_t>(bytes->size(), 32));
  if (const auto* text = std::get_if<std::string>(&key)) return text->substr(0, 64);
  return "without a key";
}

bool is_time(std::string_view column) {
  return column == "at" || column.ends_with("_at") || column.ends_with("_until");
}

/// Throws `Fault` for what is wrong. NULL is judged by the table's own constraint.
void judge(std::string_view column, db::Type type, const db::Value& value) {
  if (std::holds_alternative<std::monostate>(value)) return;
  db::keep(value, type);
  if (type == db::Type::text) db::sound_text_of(value);
  if (type == db::Type::integer && is_time(column) && db::integer_of(value) < 0)
    db::throw_bad_value("it holds a moment before 1970");
}

/// An account without a password has passkeys, or will get one by mail; its hash is marked then, or empty.
bool is_sound_hash(std::string_view stored) {
  const auto former = store::factors::void_hash(stored);
  const auto hash = former.empty() ? store::factors::without_mark(stored) : former;
  return hash.empty() || crypto::password::is_acceptable_hash(hash);
}

void judge_user(std::string_view column, const db::Value& value) {
  if (column == "role" && !parse_role(db::text_of(value))) db::throw_bad_value("it holds an unknown role");
  if (column == "subject") db::bytes_of(value, subject_size);
  if (column == "password_hash" && !is_sound_hash(db::text_of(value)))
    db::throw_bad_value("it is no hash that a password could be compared with");
}

class Rows final : public db::RowSink {
 public:
  Rows(const db::Table& table, const std::function<void(const BadRow&)>& bad) : table_(table), bad_(bad) {}

  void row(std::span<const db::Value> columns) override {
    ++count;
    last = copy_of(columns[0]);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto& column = table_.columns[i];
      try {
        judge(column.name, column.type, columns[i]);
        if (table_.name == "users") judge_user(column.name, columns[i]);
      } catch (const db::Fault& fault) {
        return tell(columns, std::string(column.name) + ": " + fault.what());
      }
    }
  }
  std::int64_t count = 0;
  db::Cell last;

 private:
  void tell(std::span<const db::Value> columns, std::string why) {
    BadRow bad{.table = std::string(table_.name), .key = show(last), .user = {}, .why = std::move(why)};
    const std::size_t at = table_.name == "users" ? 0 : 1;
    const bool about_user = at == 0 || table_.columns[at].name == "user_id";
    const auto* number = about_user ? std::get_if<std::int64_t>(&columns[at]) : nullptr;
    if (number != nullptr) bad.user = *number;
    bad_(bad);
  }

  const db::Table& table_;
  const std::function<void(const BadRow&)>& bad_;
};

}  // namespace

std::string describe(const BadRow& row) {
  const std::string whose = row.user.has_value() ? "account " + std::to_string(*row.user) + ": " : "";
  const std::string where = row.table == "users" ? "" : "row " + row.key + " of table " + row.table + ", ";
  return whose + where + "column " + row.why;
}

std::int64_t read_every_row(db::Side& store, db::Tables tables, const std::function<void(const BadRow&)>& bad,
                            const std::stop_token& stop) {
  const auto statements = move::tables::make_statements(tables, store.dialect());
  std::int64_t count = 0;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    db::Cell last;
    for (bool first = true;; first = false) {
      if (stop.stop_requested()) throw Unavailable("the server is stopping: run the command again");
      // Read work may be run again where a connection was lost: then the page begins anew.
      std::vector<BadRow> found;
      const std::function<void(const BadRow&)> keep = [&](const BadRow& row) { found.push_back(row); };
      std::int64_t read = 0;
      const auto read_page = [&](db::Connection& connection) {
        found.clear();
        Rows rows(tables[i], keep);
        std::vector<db::Value> parameters;
        if (!first) parameters.push_back(db::borrow(last));
        parameters.emplace_back(page);
        connection.execute(first ? *statements[i]->list_first : *statements[i]->list_after, parameters, rows);
        read = rows.count;
        if (read > 0) last = std::move(rows.last);
      };
      store.read(read_page);
      for (const BadRow& row : found) bad(row);
      count += read;
      if (read < page) break;
    }
  }
  return count;
}

}  // namespace latchkey::app
