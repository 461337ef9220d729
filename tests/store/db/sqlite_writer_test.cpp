// What SQLite's writer adds to the conformance suite: groups, lost batches, full and failing disks, the
// bounded queue.

#include <sqlite3.h>
#include <sys/mount.h>

#include <atomic>
#include <fstream>

#include "store/db/faulty_disk.h"
#include "store/db/fixture.h"
#include "store/db/gate.h"
#include "store/db/sqlite_items.h"

namespace latchkey::db::test::sqlite_writer_test {
namespace {

using namespace items;

constexpr Statement<std::optional<std::int64_t>> add_one{
    "UPDATE numbers SET value = value + 1 WHERE id = 1 RETURNING value"};
/// Its row can not be read as a text, which is known only when the update is made.
constexpr Statement<std::optional<std::string>> add_a_hundred_and_fail{
    "UPDATE numbers SET value = value + 100 WHERE id = 1 RETURNING value"};
constexpr Statement<std::optional<std::int64_t>> find_number{"SELECT value FROM numbers WHERE id = 1"};

void wait_until_queued(Database& database, std::uint64_t count) {
  while (database.statistics().queued < count) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

Task<bool> insert(Database& database, std::int64_t id, std::size_t size) {
  const Bytes body(size, 1);
  try {
    co_await database.run(insert_item, id, body);
    co_return true;
  } catch (const Unavailable&) {
    co_return false;
  }
}

TEST(SqliteWriter, many_coroutines_share_few_commits) {
  const TempDir directory;
  Database database(sqlite::open_sqlite(options_in(directory.path())));
  run_script(database, schema);
  Loop first(database);
  Loop second(database);
  const auto before = database.statistics();
  std::vector<std::future<bool>> all;
  {
    Gate gate(database);
    for (int i = 0; i < 200; ++i) all.push_back((i % 2 == 0 ? first : second).start(insert(database, i, 10)));
    wait_until_queued(database, 201);
    gate.open();
  }
  for (auto& one : all) EXPECT_TRUE(one.get());
  const auto after = database.statistics();
  EXPECT_EQ(after.jobs - before.jobs, 201U);
  EXPECT_LE(after.commits - before.commits, 4U);
  EXPECT_EQ(database.run_now(count_items), 200);
}

TEST(SqliteWriter, nobody_is_answered_before_the_sync) {
  FaultyDisk disk;
  const TempDir directory;
  Database database(sqlite::open_sqlite(options_in(directory.path())));
  run_script(database, schema);
  Loop loop(database);
  for (int i = 0; i < 5; ++i) {
    const auto syncs = disk.syncs.load();
    EXPECT_TRUE(loop.run(insert(database, i, 10)));
    EXPECT_GT(disk.syncs.load(), syncs);
  }
}

Task<std::string> run_failing_statement(Database& database) {
  try {
    co_await database.run(add_a_hundred_and_fail);
  } catch (const Fault& fault) {
    co_return fault.what();
  }
  co_return "";
}
Task<std::optional<std::int64_t>> run_add_one(Database& database) {
  co_return co_await database.run(add_one);
}

TEST(SqliteWriter, a_lost_batch_is_run_again_without_the_one_that_lost_it) {
  const TempDir directory;
  Database database(sqlite::open_sqlite(options_in(directory.path())));
  run_script(database, schema);
  Loop loop(database);
  std::vector<std::future<std::optional<std::int64_t>>> good;
  std::vector<std::future<std::string>> bad;
  Gate gate(database);
  for (int i = 0; i < 30; ++i) {
    good.push_back(loop.start(run_add_one(database)));
    if (i % 10 == 5) bad.push_back(loop.start(run_failing_statement(database)));
  }
  wait_until_queued(database, 34);
  gate.open();
  std::int64_t last = 0;
  for (auto& one : good) {
    const auto value = one.get();
    EXPECT_EQ(value, last + 1) << "each ran once, in order";
    last = value.value();
  }
  for (auto& one : bad) EXPECT_NE(one.get(), "");
  EXPECT_EQ(database.run_now(find_number), 30) << "what failed has changed nothing";
}

TEST(SqliteWriter, a_batch_that_a_full_disk_ended_is_run_again_without_the_one_that_filled_it) {
  const TempDir directory;
  auto options = options_in(directory.path());
  options.max_pages = 64;
  Database database(sqlite::open_sqlite(options));
  run_script(database, schema);
  Loop loop(database);
  std::vector<std::future<bool>> small;
  std::vector<std::future<bool>> large;
  Gate gate(database);
  for (int i = 0; i < 20; ++i) {
    small.push_back(loop.start(insert(database, i, 10)));
    if (i % 10 == 5) large.push_back(loop.start(insert(database, 1000 + i, 1'000'000)));
  }
  wait_until_queued(database, 23);
  gate.open();
  for (auto& one : small) EXPECT_TRUE(one.get());
  for (auto& one : large) EXPECT_FALSE(one.get());
  EXPECT_EQ(database.run_now(count_items), 20);
}

TEST(SqliteWriter, a_commit_that_fails_fails_all_of_its_batch) {
  FaultyDisk disk;
  const TempDir directory;
  Database database(sqlite::open_sqlite(options_in(directory.path())));
  run_script(database, schema);
  Loop loop(database);
  std::vector<std::future<bool>> all;
  {
    Gate gate(database);
    for (int i = 0; i < 20; ++i) all.push_back(loop.start(insert(database, i, 10)));
    wait_until_queued(database, 21);
    disk.fail_write =
        SQLITE_IOERR_WRITE;  // first, so that no commit slips through; the gate itself writes nothing
    gate.open();
  }
  for (auto& one : all) EXPECT_FALSE(one.get());
  disk.fail_write = 0;
  EXPECT_EQ(database.run_now(count_items), 0);
}

TEST(SqliteWriter, work_that_swallows_a_lost_transaction_can_not_go_on_outside_of_one) {
  const TempDir directory;
  auto options = options_in(directory.path());
  options.max_pages = 64;
  Database database(sqlite::open_sqlite(options));
  run_script(database, schema);
  auto stubborn = [](Tx& tx) {
    tx.run(insert_item, 1, Bytes(10, 1));
    try {
      for (int i = 2; i < 100; ++i) tx.run(insert_item, i, Bytes(100'000, 1));
    } catch (const Unavailable&) {
    }
    tx.run(insert_item, 1000, Bytes(10, 1));
    return 0;
  };
  try {
    database.write_now(stubborn);
    // SQLite ended the statement only: then all that succeeded is there.
    EXPECT_TRUE(database.run_now(count_items) >= 2);
  } catch (const Unavailable&) {
    EXPECT_EQ(database.run_now(count_items), 0);
  }
}

TEST(SqliteWriter, a_full_queue_refuses_at_once) {
  const TempDir directory;
  auto options = options_in(directory.path());
  options.max_queue = 10;
  Database database(sqlite::open_sqlite(options));
  run_script(database, schema);
  Loop loop(database);
  std::vector<std::future<bool>> all;
  Gate gate(database);
  for (int i = 0; i < 15; ++i) all.push_back(loop.start(insert(database, i, 10)));
  for (int i = 9; i < 15; ++i)
    EXPECT_FALSE(all[static_cast<std::size_t>(i)].get()) << "refused while the gate is shut";
  EXPECT_EQ(database.statistics().refused, 6U);
  gate.open();
  for (int i = 0; i < 9; ++i) EXPECT_TRUE(all[static_cast<std::size_t>(i)].get());
  EXPECT_TRUE(loop.run(insert(database, 100, 10)));
  EXPECT_EQ(database.statistics().queued, 0U);
}

TEST(SqliteWriter, Z08_a_full_disk_refuses_writes_serves_reads_and_recovers) {
  const TempDir directory;
  const auto mounted = directory.path() / "small";
  std::filesystem::create_directory(mounted);
  if (::mount("tmpfs", mounted.c_str(), "tmpfs", 0, "size=6m,mode=0700") != 0) {
    GTEST_SKIP() << "mounting needs root; the next test does without";
  }
  {
    Database database(sqlite::open_sqlite(options_in(mounted)));
    run_script(database, schema);
    Loop loop(database);
    std::ofstream(mounted / "ballast") << std::string(3'000'000, 'x');
    int answered = 0;
    while (answered < 1000 && loop.run(insert(database, answered, 20'000))) ++answered;
    EXPECT_GT(answered, 10);
    EXPECT_LT(answered, 1000);
    EXPECT_TRUE(database.trouble().has_value());
    EXPECT_EQ(database.run_now(count_items), answered);
    for (int i = 0; i < 20; ++i) EXPECT_FALSE(loop.run(insert(database, 5000 + i, 200'000)));
    EXPECT_EQ(database.run_now(count_items), answered);
    std::filesystem::remove(mounted / "ballast");
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    EXPECT_TRUE(loop.run(insert(database, 9000, 20'000)));
    EXPECT_FALSE(database.trouble().has_value());
    EXPECT_EQ(database.run_now(count_items), answered + 1);
    EXPECT_TRUE(database.driver().check_integrity({}).empty());
  }
  Database again(sqlite::open_sqlite(options_in(mounted)));
  EXPECT_TRUE(again.driver().check_integrity({}).empty());
  ::umount2(mounted.c_str(), MNT_DETACH);
}

TEST(SqliteWriter, Z08_Z10_a_disk_that_takes_no_writes_refuses_them_serves_reads_and_recovers) {
  for (const int code : {SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_READONLY}) {
    FaultyDisk disk;
    const TempDir directory;
    Database database(sqlite::open_sqlite(options_in(directory.path())));
    run_script(database, schema);
    Loop loop(database);
    EXPECT_TRUE(loop.run(insert(database, 1, 10)));
    disk.fail_write = code;
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(loop.run(insert(database, 10 + i, 10'000)));
    EXPECT_TRUE(database.trouble().has_value());
    EXPECT_EQ(database.run_now(count_items), 1);
    disk.fail_write = 0;
    EXPECT_TRUE(loop.run(insert(database, 2, 10)));
    EXPECT_FALSE(database.trouble().has_value());
    EXPECT_EQ(database.run_now(count_items), 2);
  }
}

/// Until the disk syncs again no write succeeds, reads go on, and afterwards nothing has to be done by hand.
TEST(SqliteWriter, F31_Z06_after_a_failed_sync_the_store_is_opened_anew_before_the_next_write) {
  FaultyDisk disk;
  const TempDir directory;
  {
    Database database(sqlite::open_sqlite(options_in(directory.path())));
    run_script(database, schema);
    Loop loop(database);
    EXPECT_TRUE(loop.run(insert(database, 1, 10)));
    disk.fail_sync = SQLITE_IOERR_FSYNC;
    EXPECT_FALSE(loop.run(insert(database, 2, 10)));
    for (int i = 3; i < 6; ++i) EXPECT_FALSE(loop.run(insert(database, i, 10)));
    EXPECT_EQ(database.run_now(count_items), 1);
    EXPECT_TRUE(database.trouble().has_value());
    disk.fail_sync = 0;
    while (database.trouble().has_value()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_EQ(std::filesystem::file_size(directory.path() / "latchkey.db-wal"), 0U) << "all is copied back";
    EXPECT_TRUE(loop.run(insert(database, 6, 10)));
    EXPECT_EQ(database.run_now(count_items), 2);
    EXPECT_TRUE(database.driver().check_integrity({}).empty());
  }
  Database again(sqlite::open_sqlite(options_in(directory.path())));
  EXPECT_TRUE(again.driver().check_integrity({}).empty());
  EXPECT_EQ(again.run_now(count_items), 2);
}

TEST(SqliteWriter, Z11_behind_a_slow_disk_the_queue_is_bounded) {
  FaultyDisk disk;
  const TempDir directory;
  auto options = options_in(directory.path());
  options.max_queue = 50;
  Database database(sqlite::open_sqlite(options));
  run_script(database, schema);
  Loop loop(database);
  disk.slow_sync_ms = 100;
  std::vector<std::future<bool>> all;
  for (int i = 0; i < 500; ++i) all.push_back(loop.start(insert(database, i, 10)));
  int answered = 0;
  for (auto& one : all) answered += one.get() ? 1 : 0;
  EXPECT_GE(answered, 50);
  EXPECT_EQ(database.statistics().refused, 500U - static_cast<unsigned>(answered));
  EXPECT_EQ(database.run_now(count_items), answered);
}

TEST(SqliteWriter, closing_answers_what_waits_and_leaves_one_whole_file) {
  const TempDir directory;
  std::vector<std::future<bool>> all;
  {
    Database database(sqlite::open_sqlite(options_in(directory.path())));
    run_script(database, schema);
    Loop loop(database);
    for (int i = 0; i < 100; ++i) all.push_back(loop.start(insert(database, i, 100)));
  }
  for (auto& one : all) EXPECT_TRUE(one.get());
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "latchkey.db-wal"));
}

TEST(SqliteWriter, a_loop_that_stops_with_writes_under_way_leaks_nothing_and_loses_nobody_elses) {
  const TempDir directory;
  Database database(sqlite::open_sqlite(options_in(directory.path())));
  run_script(database, schema);
  for (int round = 0; round < 20; ++round) {
    asio::io_context io{1};
    std::thread thread([&] {
      auto attachment = database.attach_thread(io);
      for (int i = 0; i < 10; ++i)
        asio::co_spawn(io, insert(database, round * 100 + i, 10), asio::use_future);
      io.run_for(std::chrono::microseconds(50 * round));
    });
    thread.join();
  }
  Loop loop(database);
  EXPECT_TRUE(loop.run(insert(database, 100'000, 10)));
}

}  // namespace
}  // namespace latchkey::db::test::sqlite_writer_test
