// Z01: what was answered survives `kill -9`, and nothing is half there.

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>

#include "db/backup.h"
#include "store/db/faulty_disk.h"
#include "store/db/fixture.h"

namespace latchkey::db::test::crash_test {
namespace {

constexpr Statement<Affected, std::int64_t> insert_left{"INSERT INTO left_half (id) VALUES ($1)"};
constexpr Statement<Affected, std::int64_t> insert_right{"INSERT INTO right_half (id) VALUES ($1)"};
constexpr Statement<std::vector<std::int64_t>> list_left{"SELECT id FROM left_half ORDER BY id"};
constexpr Statement<std::vector<std::int64_t>> list_right{"SELECT id FROM right_half ORDER BY id"};

/// Writes pairs for ever and reports each on the pipe once it is answered.
Task<void> write_pairs(Database& database, std::int64_t first, int report) {
  for (std::int64_t id = first;; ++id) {
    auto work = [id](Tx& tx) {
      tx.run(insert_left, id);
      tx.run(insert_right, id);
    };
    co_await database.write(work);
    if (::write(report, &id, sizeof id) != sizeof id) ::_exit(1);
  }
}

[[noreturn]] void serve_until_killed(const std::filesystem::path& directory, std::int64_t first, int report,
                                     int kill_at) {
  FaultyDisk disk;
  sqlite::SqliteOptions options;
  options.directory = directory;
  options.checkpoint_pages = 20;  // so that many kills fall into copying the log back
  options.restart_pages = 60;
  Database database(sqlite::open_sqlite(options));
  Loop one(database);
  Loop two(database);
  disk.kill_after = kill_at;
  for (int i = 0; i < 8; ++i)
    (i % 2 == 0 ? one : two).start(write_pairs(database, first + i * 10'000'000, report));
  for (;;) ::pause();
}

class Crash : public testing::Test {
 protected:
  void SetUp() override {
    Database database(open_test_sqlite(directory.path()));
    run_script(database,
               "CREATE TABLE left_half (id BIGINT NOT NULL PRIMARY KEY); CREATE TABLE right_half (id BIGINT "
               "NOT NULL "
               "PRIMARY KEY)");
  }

  /// Kills a server after some milliseconds or at its n-th write, and gathers what it had answered.
  void run_and_kill(int milliseconds, int kill_at) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) serve_until_killed(directory.path(), next, ends[1], kill_at);
    ::close(ends[1]);
    if (milliseconds > 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
      ::kill(child, SIGKILL);
    }
    std::int64_t id = 0;
    while (::read(ends[0], &id, sizeof id) == sizeof id) answered.push_back(id);
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    next += 100'000;
  }

  void check() {
    Database database(open_test_sqlite(directory.path()));
    const auto left = database.run_now(list_left);
    EXPECT_EQ(left, database.run_now(list_right));
    std::ranges::sort(answered);
    EXPECT_TRUE(std::ranges::includes(left, answered));
    EXPECT_TRUE(check_integrity(database).empty());
  }

  TempDir directory;
  std::int64_t next = 1;
  std::vector<std::int64_t> answered;
};

TEST_F(Crash, Z01_killed_at_any_moment_no_answer_is_lost) {
  std::mt19937 random(1);
  for (int round = 0; round < 15; ++round) {
    run_and_kill(10 + static_cast<int>(random() % 90), 0);
    check();
  }
  EXPECT_GT(answered.size(), 15U);
}

TEST_F(Crash, Z01_killed_at_any_write_or_sync_no_answer_is_lost) {
  std::mt19937 random(2);
  for (int round = 0; round < 40; ++round) {
    run_and_kill(0, 1 + static_cast<int>(random() % 400));
    check();
  }
  EXPECT_GT(answered.size(), 40U);
}

}  // namespace
}  // namespace latchkey::db::test::crash_test
