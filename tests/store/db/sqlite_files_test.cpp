// The files of a data directory: who may read them, who may open them, and what is refused.

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "db/backup.h"
#include "db/data_lock.h"
#include "store/db/fixture.h"

namespace latchkey::db::test::sqlite_files_test {
namespace {

namespace fs = std::filesystem;

constexpr Statement<Affected, std::int64_t, std::string> insert{
    "INSERT INTO notes (id, body) VALUES ($1, $2)"};
constexpr Statement<std::optional<std::int64_t>> count{"SELECT count(*) FROM notes"};
constexpr Statement<std::optional<std::optional<std::int64_t>>> sum{"SELECT sum(length(body)) FROM notes"};

const std::string schema =
    "CREATE TABLE IF NOT EXISTS notes (id BIGINT NOT NULL PRIMARY KEY, body TEXT NOT NULL)";

void fill(Database& database, int rows) {
  run_script(database, schema);
  auto work = [rows](Tx& tx) {
    for (int i = 0; i < rows; ++i) tx.run(insert, i, std::string(200, 'x'));
  };
  database.write_now(work);
}

std::string mode_of(const fs::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return "none";
  char text[8];
  std::snprintf(text, sizeof text, "%o", info.st_mode & 07777U);
  return text;
}

std::string refusal(const fs::path& directory) {
  try {
    Database database(open_test_sqlite(directory));
    // A damaged page that opening does not look at is found when it is read.
    if (database.run_now(count).has_value()) return "opened";
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no rows";
}

void overwrite(const fs::path& file, off_t at, const std::string& bytes) {
  const int fd = ::open(file.c_str(), O_RDWR);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(::pwrite(fd, bytes.data(), bytes.size(), at), static_cast<ssize_t>(bytes.size()));
  ::close(fd);
}

TEST(SqliteFiles, D06_all_files_are_private_whatever_the_umask) {
  const TempDir directory;
  const mode_t before = ::umask(0);
  {
    Database database(open_test_sqlite(directory.path()));
    fill(database, 10);
    database.run_now(count);
    backup(database, directory.path() / "copy");
    for (const char* name : {"latchkey.db", "latchkey.db-wal", "latchkey.db-shm", "lock", "copy"}) {
      EXPECT_EQ(mode_of(directory.path() / name), "600") << name;
    }
  }
  fs::permissions(directory.path() / "latchkey.db", fs::perms{0644});
  {
    Database database(open_test_sqlite(directory.path()));
    EXPECT_EQ(mode_of(directory.path() / "latchkey.db"), "600");
    EXPECT_EQ(mode_of(directory.path() / "latchkey.db-wal"), "600");
  }
  ::umask(before);
}

TEST(SqliteFiles, D10_a_second_opening_is_refused_and_names_the_first) {
  const TempDir directory;
  {
    Database database(open_test_sqlite(directory.path()));
    try {
      Database second(open_test_sqlite(directory.path()));
      FAIL() << "opened twice";
    } catch (const InUse& refused) {
      const std::string text = refused.what();
      EXPECT_NE(text.find(std::to_string(::getpid())), std::string::npos) << text;
      EXPECT_NE(text.find(directory.path().string()), std::string::npos) << text;
    }
    EXPECT_THROW(DataLock lock(directory.path()), InUse);
    fill(database, 1);
    EXPECT_EQ(database.run_now(count), 1);
  }
  Database again(open_test_sqlite(directory.path()));
  EXPECT_EQ(again.run_now(count), 1);
}

TEST(SqliteFiles, Z12_what_is_no_database_of_ours_is_refused_and_left_alone) {
  const TempDir directory;
  const fs::path file = directory.path() / "latchkey.db";
  std::ofstream(file) << "this is a text that an operator kept here";
  EXPECT_NE(refusal(directory.path()).find("does not begin like an SQLite file"), std::string::npos);
  EXPECT_EQ(fs::file_size(file), 41U);
  fs::remove(file);

  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "CREATE TABLE theirs (a)", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  const auto written = fs::last_write_time(file);
  EXPECT_NE(refusal(directory.path()).find("another program"), std::string::npos);
  EXPECT_EQ(fs::last_write_time(file), written);
}

TEST(SqliteFiles, Z12_a_damaged_database_is_refused_with_advice) {
  for (const bool large : {false, true}) {
    const TempDir directory;
    const fs::path file = directory.path() / "latchkey.db";
    {
      Database database(open_test_sqlite(directory.path()));
      fill(database, large ? 40'000 : 1'000);
    }
    const fs::path whole = directory.path() / "whole";
    fs::copy_file(file, whole);
    const auto try_damage = [&](auto damage) {
      fs::copy_file(whole, file, fs::copy_options::overwrite_existing);
      damage();
      return refusal(directory.path());
    };
    const std::string cut = try_damage([&] { fs::resize_file(file, fs::file_size(file) / 2); });
    EXPECT_NE(cut.find("its end is missing"), std::string::npos) << cut;
    EXPECT_NE(cut.find("latchkey restore"), std::string::npos) << cut;
    for (const off_t page : {0, 2, 3}) {  // the second one says where pages belong, which no start reads
      const std::string text =
          try_damage([&] { overwrite(file, page * 4096 + (page == 0 ? 100 : 0), std::string(3000, 'Z')); });
      EXPECT_NE(text, "opened") << "page " << page;
    }
    const std::string head = try_damage([&] { overwrite(file, 0, std::string(100, '\0')); });
    EXPECT_NE(head.find("latchkey restore"), std::string::npos) << head;
    EXPECT_EQ(try_damage([] {}), "opened");
  }
}

TEST(SqliteFiles, Z12_a_full_check_finds_damage_deep_inside) {
  const TempDir directory;
  const fs::path file = directory.path() / "latchkey.db";
  {
    Database database(open_test_sqlite(directory.path()));
    fill(database, 40'000);
    EXPECT_TRUE(check_integrity(database).empty());
  }
  overwrite(file, 4096 * 1000, std::string(4096, 'Z'));
  Database database(open_test_sqlite(directory.path()));
  EXPECT_FALSE(check_integrity(database).empty());
}

TEST(SqliteFiles, Z13_a_log_left_behind_is_used_and_a_lost_index_is_rebuilt) {
  const TempDir live;
  const TempDir crashed;
  Database database(open_test_sqlite(live.path()));
  fill(database, 100);
  for (const char* name : {"latchkey.db", "latchkey.db-wal", "latchkey.db-shm"}) {
    fs::copy_file(live.path() / name, crashed.path() / name);
  }
  {
    Database recovered(open_test_sqlite(crashed.path()));
    EXPECT_EQ(recovered.run_now(count), 100);
  }
  for (const char* name : {"latchkey.db", "latchkey.db-wal"}) {
    fs::copy_file(live.path() / name, crashed.path() / name, fs::copy_options::overwrite_existing);
  }
  Database recovered(open_test_sqlite(crashed.path()));
  EXPECT_EQ(recovered.run_now(count), 100);
}

TEST(SqliteFiles, a_missing_directory_is_named) {
  EXPECT_NE(refusal("/nonexistent/latchkey").find("/nonexistent/latchkey"), std::string::npos);
}

TEST(SqliteFiles, Z14_a_backup_under_load_is_consistent) {
  const TempDir directory;
  Database database(open_test_sqlite(directory.path()));
  run_script(database,
             "CREATE TABLE notes (id BIGINT NOT NULL PRIMARY KEY, body TEXT NOT NULL);"
             "CREATE TABLE sums (name TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL);"
             "INSERT INTO sums (name, value) VALUES ('length', 0)");
  static constexpr Statement<Affected, std::int64_t> add{
      "UPDATE sums SET value = value + $1 WHERE name = 'length'"};
  static constexpr Statement<std::optional<std::int64_t>> find_sum{
      "SELECT value FROM sums WHERE name = 'length'"};
  std::atomic<bool> stop = false;
  auto writer = std::async(std::launch::async, [&] {
    for (int i = 0; !stop; ++i) {
      auto work = [i](Tx& tx) {
        const std::string body(static_cast<std::size_t>(i % 3000), 'x');
        tx.run(insert, i, body);
        tx.run(add, static_cast<std::int64_t>(body.size()));
      };
      database.write_now(work);
    }
  });
  struct StopAtEnd {
    std::atomic<bool>& flag;
    ~StopAtEnd() { flag = true; }
  } stop_at_end{stop};
  std::int64_t before = -1;
  for (int round = 0; round < 20; ++round) {
    const TempDir restored;
    backup(database, restored.path() / "copy");
    EXPECT_FALSE(fs::exists(restored.path() / "copy.part"));
    EXPECT_EQ(mode_of(restored.path() / "copy"), "600");
    fs::copy_file(restored.path() / "copy", restored.path() / "latchkey.db");
    Database copy(open_test_sqlite(restored.path()));
    EXPECT_EQ(copy.run_now(find_sum).value(), copy.run_now(sum)->value_or(0));
    EXPECT_TRUE(check_integrity(copy).empty());
    const auto rows = copy.run_now(count).value();
    EXPECT_GE(rows, before);
    before = rows;
  }
  stop = true;
  writer.get();
  EXPECT_GT(before, 0);
  EXPECT_THROW(backup(database, directory.path() / "latchkey.db"), Fault) << "never over a file";
  EXPECT_THROW(backup(database, "/nonexistent/copy"), Fault);
}

TEST(SqliteFiles, a_restore_swaps_whole_files_and_keeps_the_old_one) {
  const TempDir directory;
  const fs::path copy = directory.path() / "copy";
  const fs::path restore = directory.path() / "restore";
  {
    Database database(open_test_sqlite(directory.path()));
    fill(database, 10);
    backup(database, copy);
    database.run_now(insert, 1000, "later");
  }
  {
    const DataLock lock(directory.path());
    make_restore_directory(copy, restore, {&schema, 1});
    {
      Database restored(open_test_sqlite(restore));
      EXPECT_EQ(restored.run_now(count), 10);
      restored.run_now(insert, 2000, "by the restore");
    }
    swap_in(lock, restore, directory.path());
  }
  EXPECT_FALSE(fs::exists(restore));
  Database database(open_test_sqlite(directory.path()));
  EXPECT_EQ(database.run_now(count), 11);
  const TempDir old;
  fs::copy_file(directory.path() / "latchkey.db.replaced", old.path() / "latchkey.db");
  std::string head(20, '\0');
  std::ifstream(old.path() / "latchkey.db", std::ios::binary).read(head.data(), 20);
  EXPECT_EQ(head.substr(18), "\1\1") << "its header says that no log belongs to it";
  EXPECT_FALSE(fs::exists(directory.path() / "latchkey.db-journal"));
  Database replaced(open_test_sqlite(old.path()));
  EXPECT_EQ(replaced.run_now(count), 11);

  overwrite(copy, 4096 + 8, std::string(2000, 'Z'));
  EXPECT_THROW(make_restore_directory(copy, restore, {&schema, 1}), Corrupt);
}

}  // namespace
}  // namespace latchkey::db::test::sqlite_files_test
