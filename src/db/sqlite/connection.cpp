#include "db/sqlite/connection.h"

#include <charconv>

#include "base/log.h"
#include "db/counters.h"
#include "db/dialect.h"
#include "db/error.h"

namespace latchkey::db::sqlite {
namespace {

constexpr std::size_t max_columns = 32;

constexpr Replacement sqlite_words[] = {{"IDENTITY", "INTEGER PRIMARY KEY AUTOINCREMENT"}, {"BYTEA", "BLOB"}};

/// A statement that stays open pins its snapshot, and with it the log.
class ResetAtEnd {
 public:
  explicit ResetAtEnd(sqlite3_stmt* statement) : statement_(statement) {}
  ResetAtEnd(const ResetAtEnd&) = delete;
  ResetAtEnd& operator=(const ResetAtEnd&) = delete;
  ~ResetAtEnd() { sqlite3_reset(statement_); }

 private:
  sqlite3_stmt* statement_;
};

/// Borrowed, not copied: every place is bound anew before the statement runs again. SQLite takes a null
/// pointer for NULL, which empty views have.
int bind(sqlite3_stmt* statement, int place, const Value& value) {
  if (const auto* truth = std::get_if<bool>(&value))
    return sqlite3_bind_int(statement, place, *truth ? 1 : 0);
  if (const auto* number = std::get_if<std::int64_t>(&value))
    return sqlite3_bind_int64(statement, place, *number);
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    return sqlite3_bind_text64(statement, place, text->data() == nullptr ? "" : text->data(), text->size(),
                               SQLITE_STATIC, SQLITE_UTF8);
  }
  if (const auto* bytes = std::get_if<ByteView>(&value)) {
    if (bytes->empty()) return sqlite3_bind_zeroblob(statement, place, 0);
    return sqlite3_bind_blob64(statement, place, bytes->data(), bytes->size(), SQLITE_STATIC);
  }
  return sqlite3_bind_null(statement, place);
}

Value read_column(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
      return {};
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_column_int64(statement, column)};
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      if (text == nullptr) throw Unavailable("no memory for a column");
      return std::string_view{text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
    }
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, column));
      return ByteView{bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
    }
    default:
      // A floating-point number, which no column of ours holds: the decoder of the row refuses the text.
      return std::string_view{reinterpret_cast<const char*>(sqlite3_column_text(statement, column))};
  }
}

/// Which value `$n` means. SQLite numbers places by first appearance and takes `$1::text` for one name.
std::uint8_t index_of(const char* name, std::size_t count, std::string_view sql) {
  unsigned number = 0;
  const std::string_view text = name == nullptr ? "" : name;
  const auto* end = text.data() + text.size();
  if (text.size() < 2 || text[0] != '$' || std::from_chars(text.data() + 1, end, number).ptr != end ||
      number == 0 || number > count) {
    throw Fault("a statement has the placeholder " + std::string(text) + " and " + std::to_string(count) +
                " parameters: " + std::string(sql));
  }
  return static_cast<std::uint8_t>(number - 1);
}

/// A page that can not be read fails this statement, and says so in the log and the numbers. SQLite's layer
/// makes "corrupt" of the disk's EIO, so the two are told apart by `latchkey doctor` only.
[[noreturn]] void throw_failed(sqlite3* db, int code, std::string_view doing) {
  const bool damaged = (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
  const bool unread = code == SQLITE_IOERR_READ || code == SQLITE_IOERR_SHORT_READ ||
                      code == SQLITE_IOERR_CORRUPTFS || code == SQLITE_IOERR_DATA;
  if (!damaged && !unread) throw_sqlite(db, code, doing);
  counters::unreadable.add();
  const std::string why =
      std::string(sqlite3_errstr(code)) + " (SQLite " + std::to_string(code) + ") " + std::string(doing);
  log::error("db.page_unreadable", {{"reason", why}});
  throw Unreadable(why);
}

}  // namespace

SqliteConnection::Prepared& SqliteConnection::prepare(const StatementText& text) {
  const auto found = prepared_.find(text.sql.data());
  if (found != prepared_.end()) return found->second;

  sqlite3_stmt* raw = nullptr;
  const char* tail = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), text.sql.data(), static_cast<int>(text.sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, &tail);
  Prepared prepared{SqliteStatement(raw), {}};
  if (code != SQLITE_OK) throw_failed(handle_.get(), code, "while preparing: " + std::string(text.sql));
  if (raw == nullptr || tail != text.sql.data() + text.sql.size()) {
    throw Fault("not exactly one statement: " + std::string(text.sql));
  }
  if (static_cast<std::size_t>(sqlite3_column_count(raw)) != text.columns || text.columns > max_columns) {
    throw Fault("a statement has " + std::to_string(sqlite3_column_count(raw)) + " columns and a row of " +
                std::to_string(text.columns) + " members: " + std::string(text.sql));
  }
  if (access_ == SqliteAccess::read && sqlite3_stmt_readonly(raw) == 0) {
    throw Fault("a statement that writes, where only reading is allowed: " + std::string(text.sql));
  }
  const auto places = static_cast<std::size_t>(sqlite3_bind_parameter_count(raw));
  if (places != text.parameters.size()) {
    throw Fault("a statement has " + std::to_string(places) + " placeholders and " +
                std::to_string(text.parameters.size()) + " parameters: " + std::string(text.sql));
  }
  for (std::size_t place = 1; place <= places; ++place) {
    prepared.parameters.push_back(index_of(sqlite3_bind_parameter_name(raw, static_cast<int>(place)),
                                           text.parameters.size(), text.sql));
  }
  return prepared_.emplace(text.sql.data(), std::move(prepared)).first->second;
}

std::int64_t SqliteConnection::execute(const StatementText& text, std::span<const Value> values,
                                       RowSink& sink) {
  Prepared& prepared = prepare(text);
  sqlite3_stmt* statement = prepared.statement.get();
  if (values.size() != prepared.parameters.size())
    throw Fault("a wrong number of values: " + std::string(text.sql));

  // An error may have ended the transaction behind the back of work that caught it and went on.
  if (access_ == SqliteAccess::write && !text.reads && !in_transaction())
    throw Unavailable("the transaction was lost");

  const ResetAtEnd reset(statement);
  for (std::size_t i = 0; i < values.size(); ++i) {
    check_sqlite(handle_.get(), bind(statement, static_cast<int>(i + 1), values[prepared.parameters[i]]),
                 "while binding");
  }
  std::array<Value, max_columns> columns;
  for (;;) {
    const int code = sqlite3_step(statement);
    if (code == SQLITE_DONE) break;
    if (code != SQLITE_ROW) throw_failed(handle_.get(), code, "in: " + std::string(text.sql));
    for (std::size_t i = 0; i < text.columns; ++i) columns[i] = read_column(statement, static_cast<int>(i));
    sink.row(std::span<const Value>{columns}.first(text.columns));
  }
  return text.reads ? 0 : sqlite3_changes64(handle_.get());
}

void SqliteConnection::control(const StatementText& statement) {
  NoRows none;
  execute(statement, {}, none);
}

bool SqliteConnection::end_reading() noexcept {
  for (const StatementText* how : {&commit, &roll_back}) {
    if (!in_transaction()) return true;
    try {
      control(*how);
    } catch (const std::exception& error) {
      log::warn("db.snapshot_not_ended", {{"reason", error.what()}});
    }
  }
  return !in_transaction();
}

void SqliteConnection::execute_script(std::string_view sql) {
  if (access_ == SqliteAccess::read) throw Fault("a script where only reading is allowed");
  const std::string text = replace_words(sql, sqlite_words);
  const char* at = text.c_str();
  while (*at != '\0') {
    sqlite3_stmt* raw = nullptr;
    const char* tail = nullptr;
    const int prepared = sqlite3_prepare_v2(handle_.get(), at, -1, &raw, &tail);
    const SqliteStatement statement(raw);
    check_sqlite(handle_.get(), prepared, "in a script");
    if (raw != nullptr) {  // nothing but white space and comments otherwise
      int code = SQLITE_ROW;
      while (code == SQLITE_ROW) code = sqlite3_step(raw);
      if (code != SQLITE_DONE) throw_sqlite(handle_.get(), code, "in a script");
    }
    at = tail;
  }
  if (!in_transaction()) throw Fault("a script ended its transaction");
}

}  // namespace latchkey::db::sqlite
