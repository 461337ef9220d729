// How long SQLite's write-ahead log grows, and when it is copied back into the database.

#include <sqlite3.h>

#include <atomic>

#include "store/db/sqlite_items.h"

namespace latchkey::db::test::sqlite_log_test {
namespace {

using namespace items;

Task<void> insert_ever(Database& database, std::atomic<std::int64_t>& next, const std::atomic<bool>& stop) {
  while (!stop) {
    const Bytes body(200, 1);
    co_await database.run(insert_item, next++, body);
  }
}

TEST(SqliteLog, the_log_stays_bounded_while_writers_never_rest) {
  const TempDir directory;
  auto options = options_in(directory.path());
  options.checkpoint_pages = 25;  // and so 200 at most
  options.restart_pages = 1000;
  Database database(sqlite::open_sqlite(options));
  run_script(database, schema);
  Loop loop(database);
  std::atomic<std::int64_t> next = 0;
  std::atomic<bool> stop = false;
  std::vector<std::future<void>> all;
  for (int i = 0; i < 4; ++i) all.push_back(loop.start(insert_ever(database, next, stop)));
  std::uintmax_t largest = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  while (std::chrono::steady_clock::now() < end) {
    largest = std::max(largest, std::filesystem::file_size(directory.path() / "latchkey.db-wal"));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  stop = true;
  for (auto& one : all) one.get();
  EXPECT_LT(largest, 2U * 1000 * 4096);
  EXPECT_GT(database.statistics().checkpoints, 3U);
}

TEST(SqliteLog, the_log_is_copied_back_when_nothing_happens) {
  const TempDir directory;
  Database database(sqlite::open_sqlite(options_in(directory.path())));
  run_script(database, schema);
  const auto before = database.statistics().checkpoints;
  for (int i = 0; i < 300 && database.statistics().checkpoints == before; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_GT(database.statistics().checkpoints, before);
}

TEST(SqliteLog, a_log_that_a_reader_held_back_is_cut_short_when_it_has_gone_and_nothing_happens) {
  const TempDir directory;
  auto options = options_in(directory.path());
  options.checkpoint_pages = 25;
  options.restart_pages = 500;
  Database database(sqlite::open_sqlite(options));
  run_script(database, schema);
  const auto log = directory.path() / "latchkey.db-wal";
  auto fill = [&, next = 0](std::uintmax_t size) mutable {
    while (std::filesystem::file_size(log) < size)
      database.run_now(insert_item, std::int64_t{next++}, Bytes(2000, 1));
  };
  sqlite3* reader = nullptr;
  ASSERT_EQ(sqlite3_open((directory.path() / "latchkey.db").c_str(), &reader), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(reader, "BEGIN; SELECT * FROM items", nullptr, nullptr, nullptr), SQLITE_OK);
  constexpr std::uintmax_t held = 4U * 500 * 4096;
  fill(held);
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  EXPECT_GE(std::filesystem::file_size(log), held) << "what the reader sees stays";
  ASSERT_EQ(sqlite3_exec(reader, "COMMIT", nullptr, nullptr, nullptr), SQLITE_OK);
  for (int i = 0; i < 500 && std::filesystem::file_size(log) > 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(std::filesystem::file_size(log), 0U);
  sqlite3_close(reader);
  // And it goes on as before.
  fill(1);
}

}  // namespace
}  // namespace latchkey::db::test::sqlite_log_test
