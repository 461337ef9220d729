// Space of the SQLite file that holds nothing: given back in small steps, or by `compact`.

#include <sqlite3.h>

#include <fstream>

#include "db/backup.h"
#include "db/data_lock.h"
#include "db/error.h"
#include "db/sqlite/compact.h"
#include "store/db/fixture.h"

namespace latchkey::db::test::free_space_test {
namespace {

namespace fs = std::filesystem;

constexpr Statement<Affected, std::int64_t, std::string> insert{
    "INSERT INTO notes (id, body) VALUES ($1, $2)"};
constexpr Statement<Affected, std::int64_t> remove_up_to{"DELETE FROM notes WHERE id < $1"};
constexpr Statement<std::optional<std::int64_t>> count{"SELECT count(*) FROM notes"};
constexpr std::int64_t rows = 30'000;
constexpr std::int64_t kept = 100;

/// Some 24 MiB, of which next to nothing is left in the end.
void fill_and_empty(Database& database) {
  run_script(database, "CREATE TABLE notes (id BIGINT NOT NULL PRIMARY KEY, body TEXT NOT NULL)");
  auto fill = [](Tx& tx) {
    for (std::int64_t i = 0; i < rows; ++i) tx.run(insert, i, std::string(800, 'x'));
  };
  database.write_now(fill);
  database.run_now(remove_up_to, rows - kept);
}

fs::path file_of(const TempDir& directory) { return directory.path() / "latchkey.db"; }

std::int64_t read_number(const fs::path& file, const char* pragma) {
  sqlite3* db = nullptr;
  EXPECT_EQ(sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  std::int64_t number = -1;
  const auto keep = [](void* to, int, char** values, char**) {
    *static_cast<std::int64_t*>(to) = std::stoll(values[0]);
    return 0;
  };
  EXPECT_EQ(sqlite3_exec(db, pragma, keep, &number, nullptr), SQLITE_OK);
  sqlite3_close(db);
  return number;
}

/// A store as versions before this one made it.
void make_former(const TempDir& directory) {
  {
    Database database(open_test_sqlite(directory.path()));
    fill_and_empty(database);
  }
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(file_of(directory).c_str(), &db), SQLITE_OK);
  for (const char* sql :
       {"PRAGMA journal_mode = DELETE", "PRAGMA auto_vacuum = NONE", "VACUUM", "CREATE TABLE away (body)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) "
        "INSERT INTO away SELECT zeroblob(4000) FROM n",
        "DROP TABLE away"}) {
    ASSERT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  }
  sqlite3_close(db);
  ASSERT_EQ(read_number(file_of(directory), "PRAGMA auto_vacuum"), 0);
  ASSERT_GT(fs::file_size(file_of(directory)), 7U << 20);
}

TEST(FreeSpace, F45_ANewStoreGivesSpaceBackInSmallSteps) {
  const TempDir directory;
  {
    Database database(open_test_sqlite(directory.path()));
    fill_and_empty(database);
    std::int64_t pages = 0;
    int steps = 0;
    for (bool more = true; more; ++steps) {
      const auto given = database.give_free_space_back(100);
      EXPECT_LE(given.pages, 100);
      pages += given.pages;
      more = given.more;
    }
    EXPECT_GT(pages, 4000);
    EXPECT_GE(steps, pages / 100);
    EXPECT_EQ(database.give_free_space_back(100).pages, 0);
    EXPECT_EQ(database.run_now(count), kept);
    EXPECT_TRUE(check_integrity(database).empty());
  }
  // A part stays for what is written next: 4 MiB of the 24.
  EXPECT_LT(fs::file_size(file_of(directory)), 6U << 20);
  EXPECT_GT(fs::file_size(file_of(directory)), 4U << 20);
}

TEST(FreeSpace, AFormerStoreKeepsItsSpaceUntilItIsCompacted) {
  const TempDir directory;
  make_former(directory);
  const auto before = fs::file_size(file_of(directory));
  {
    Database database(open_test_sqlite(directory.path()));
    EXPECT_EQ(database.give_free_space_back(100).pages, 0);
    EXPECT_THROW(DataLock{directory.path()}, InUse) << "nobody compacts what is open";
  }
  {
    const DataLock lock(directory.path());
    const auto compacted = sqlite::compact(lock, directory.path());
    EXPECT_EQ(compacted.bytes_before, before);
    EXPECT_EQ(compacted.bytes_after, fs::file_size(file_of(directory)));
  }
  EXPECT_LT(fs::file_size(file_of(directory)), 1U << 20);
  EXPECT_EQ(read_number(file_of(directory), "PRAGMA auto_vacuum"), 2);
  EXPECT_EQ(fs::status(file_of(directory)).permissions(), fs::perms{0600});
  for (const char* gone : {"compact", "latchkey.db-wal", "latchkey.db-shm", "latchkey.db-journal"})
    EXPECT_FALSE(fs::exists(directory.path() / gone)) << gone;
  Database database(open_test_sqlite(directory.path()));
  EXPECT_EQ(database.run_now(count), kept);
  EXPECT_TRUE(check_integrity(database).empty());
}

TEST(FreeSpace, WhatStoodInTheLogIsInTheCompactStore) {
  const TempDir directory;
  const TempDir copy;
  {
    Database database(open_test_sqlite(directory.path()));
    fill_and_empty(database);
    // As a crash leaves it.
    for (const char* name : {"latchkey.db", "latchkey.db-wal"})
      fs::copy_file(directory.path() / name, copy.path() / name);
  }
  const DataLock lock(copy.path());
  sqlite::compact(lock, copy.path());
  EXPECT_EQ(read_number(file_of(copy), "SELECT count(*) FROM notes"), kept);
}

TEST(FreeSpace, ADamagedStoreIsLeftAsItIs) {
  const TempDir directory;
  make_former(directory);
  {
    std::fstream file(file_of(directory), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(4096);
    file << std::string(3 * 4096, '\xa5');
  }
  const auto before = fs::file_size(file_of(directory));
  const DataLock lock(directory.path());
  EXPECT_THROW(sqlite::compact(lock, directory.path()), std::exception);
  EXPECT_EQ(fs::file_size(file_of(directory)), before);
  EXPECT_FALSE(fs::exists(directory.path() / "compact"));
}

TEST(FreeSpace, WhatAKilledCompactionLeftIsRemoved) {
  const TempDir directory;
  EXPECT_FALSE(sqlite::discard_compaction(directory.path()));
  fs::create_directory(directory.path() / "compact");
  std::ofstream(directory.path() / "compact" / "latchkey.db") << "half";
  EXPECT_TRUE(sqlite::discard_compaction(directory.path()));
  EXPECT_FALSE(fs::exists(directory.path() / "compact"));
}

}  // namespace
}  // namespace latchkey::db::test::free_space_test
