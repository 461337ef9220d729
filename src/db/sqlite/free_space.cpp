#include "db/sqlite/free_space.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "db/sqlite/connection.h"

namespace latchkey::db::sqlite {
namespace {

/// One page in so many stays free, and at least so many pages (4 MiB): a file that grows and shrinks by turns
/// would only be written more.
constexpr std::int64_t kept_share = 10;
constexpr std::int64_t least_kept = 1024;

std::int64_t read_number(sqlite3* db, const char* pragma) { return std::stoll(run_sql(db, pragma)); }

constexpr std::int64_t incremental = 2;

}  // namespace

void prepare_giving_back(sqlite3* db) { run_sql(db, "PRAGMA auto_vacuum = INCREMENTAL"); }

void GiveBackJob::execute(Connection& connection) {
  auto& sqlite = static_cast<SqliteConnection&>(connection);
  result_ = {};
  const auto begin = std::chrono::steady_clock::now();
  if (read_number(sqlite.get(), "PRAGMA auto_vacuum") != incremental) return;
  const std::int64_t pages = read_number(sqlite.get(), "PRAGMA page_count");
  const std::int64_t kept = std::max(pages / kept_share, least_kept);
  const std::int64_t spare = read_number(sqlite.get(), "PRAGMA freelist_count") - kept;
  if (spare <= 0) return;
  result_.pages = std::min(spare, most_);
  result_.more = spare > most_;
  sqlite.execute_script("PRAGMA incremental_vacuum(" + std::to_string(result_.pages) + ")");
  result_.held = std::chrono::duration_cast<Microseconds>(std::chrono::steady_clock::now() - begin);
}

}  // namespace latchkey::db::sqlite
