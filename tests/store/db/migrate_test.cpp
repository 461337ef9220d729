#include "db/migrate.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <latch>
#include <thread>

#include "store/db/faulty_disk.h"
#include "store/db/fixture.h"

namespace latchkey::db::test::migrate_test {
namespace {

const Checksum checksum = [](std::string_view body) {
  return std::to_string(std::hash<std::string_view>{}(body));
};
const Timestamp now{Microseconds{1'000'000}};

constexpr EmbeddedFile first{
    "0001_accounts.sql",
    "-- IDENTITY in a comment stays\n"
    "CREATE TABLE a (id IDENTITY, body TEXT NOT NULL DEFAULT 'IDENTITY BYTEA; x', raw BYTEA);\n"
    "INSERT INTO a (raw) VALUES (NULL);\n"};
constexpr EmbeddedFile second{"0002_more.sql",
                              "CREATE TABLE b (id BYTEA NOT NULL PRIMARY KEY) WITHOUT ROWID;\n"
                              "INSERT INTO a (body) SELECT body || '2' FROM a;\n"
                              "ALTER TABLE a ADD COLUMN extra BIGINT NOT NULL DEFAULT 7;\n"
                              "CREATE INDEX a_extra ON a (extra);\n"};

constexpr Statement<std::optional<std::int64_t>> count_a{"SELECT count(*) FROM a"};
constexpr Statement<std::optional<std::int64_t>> sum_extra{"SELECT CAST(sum(extra) AS BIGINT) FROM a"};
constexpr Statement<std::optional<std::string>> find_body{"SELECT body FROM a WHERE id = 1"};
constexpr Statement<std::optional<std::int64_t>> count_b{"SELECT count(*) FROM b"};
constexpr Statement<std::vector<std::string>> list_names{
    "SELECT name FROM schema_migrations ORDER BY version"};

class Migrate : public testing::TestWithParam<Backend> {
 protected:
  TempDir directory;
  Database database{GetParam().open(directory.path())};
};
LATCHKEY_ON_EVERY_DATABASE(Migrate);

std::string refusal(Database& database, std::span<const EmbeddedFile> files) {
  try {
    migrate(database, files, checksum, now);
  } catch (const Fault& fault) {
    return fault.what();
  }
  return "migrated";
}

TEST_P(Migrate, goes_forward_once) {
  const EmbeddedFile one[] = {first};
  const EmbeddedFile both[] = {second, first};  // in any order
  EXPECT_EQ(plan_migration(database, one, checksum).to, 1);
  auto report = migrate(database, one, checksum, now);
  EXPECT_EQ(report.from, 0);
  EXPECT_EQ(report.to, 1);
  EXPECT_EQ(database.run_now(find_body), "IDENTITY BYTEA; x");
  report = migrate(database, both, checksum, now);
  EXPECT_EQ(report.from, 1);
  EXPECT_EQ(report.to, 2);
  EXPECT_EQ(database.run_now(sum_extra), 14);
  report = migrate(database, both, checksum, now);
  EXPECT_EQ(report.from, 2);
  EXPECT_EQ(report.to, 2);
  EXPECT_EQ(database.run_now(count_a), 2);
  EXPECT_EQ(database.run_now(list_names), (std::vector<std::string>{"0001_accounts.sql", "0002_more.sql"}));
}

TEST_P(Migrate, Z18_an_older_program_refuses_and_changes_nothing) {
  const EmbeddedFile one[] = {first};
  const EmbeddedFile both[] = {first, second};
  migrate(database, both, checksum, now);
  EXPECT_NE(refusal(database, one).find("this program knows 1"), std::string::npos);
  EXPECT_THROW(plan_migration(database, one, checksum), Fault);
  EXPECT_EQ(database.run_now(count_a), 2);
}

TEST_P(Migrate, a_changed_or_missing_file_is_refused) {
  const EmbeddedFile one[] = {first};
  migrate(database, one, checksum, now);
  const EmbeddedFile changed[] = {{"0001_accounts.sql", "CREATE TABLE other (a TEXT)"}};
  EXPECT_NE(refusal(database, changed).find("has been changed"), std::string::npos);
  const EmbeddedFile gap[] = {first, {"0003_late.sql", "CREATE TABLE c (a TEXT)"}};
  EXPECT_NE(refusal(database, gap).find("number 2 is missing"), std::string::npos);
  const EmbeddedFile twice[] = {first, {"0001_again.sql", "CREATE TABLE c (a TEXT)"}};
  EXPECT_NE(refusal(database, twice).find("exists twice"), std::string::npos);
  const EmbeddedFile unnamed[] = {{"accounts.sql", "CREATE TABLE c (a TEXT)"}};
  EXPECT_NE(refusal(database, unnamed).find("is not named like"), std::string::npos);
}

TEST_P(Migrate, a_file_that_fails_half_way_leaves_nothing_behind) {
  const EmbeddedFile broken[] = {first,
                                 {"0002_more.sql", "CREATE TABLE b (id TEXT); CREATE TABLE a (id TEXT);"}};
  EXPECT_NE(refusal(database, broken), "migrated");
  EXPECT_THROW(database.run_now(count_b), Fault);
  EXPECT_EQ(database.run_now(list_names).size(), 1U);
  const EmbeddedFile both[] = {first, second};
  EXPECT_EQ(migrate(database, both, checksum, now).to, 2);
  const EmbeddedFile commits[] = {first, second, {"0003_bad.sql", "COMMIT; CREATE TABLE c (id TEXT);"}};
  EXPECT_NE(refusal(database, commits), "migrated");
}

/// Migrates in a process of its own that dies at the n-th write or sync; false when it lived.
bool migrate_and_die(const std::filesystem::path& directory, int at) {
  const pid_t child = ::fork();
  if (child == 0) {
    FaultyDisk disk;
    {
      const EmbeddedFile both[] = {first, second};
      Database database(open_test_sqlite(directory));
      disk.kill_after = at;
      migrate(database, both, checksum, now);
      disk.kill_after = 0;
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status);
}

TEST(MigrateSqlite, Z16_killed_at_any_write_it_is_old_or_new_and_goes_on_after) {
  int kills = 0;
  for (int at = 1; at < 200; ++at) {
    const TempDir directory;
    if (!migrate_and_die(directory.path(), at)) break;
    ++kills;
    Database database(open_test_sqlite(directory.path()));
    const EmbeddedFile both[] = {first, second};
    const auto report = migrate(database, both, checksum, now);
    EXPECT_EQ(report.to, 2);
    EXPECT_EQ(database.run_now(count_a), 2);
    EXPECT_EQ(database.run_now(sum_extra), 14);
    EXPECT_TRUE(database.driver().check_integrity({}).empty());
  }
  EXPECT_GT(kills, 5);
}

TEST(MigrateBesideReaders, Z48_who_reads_a_table_for_long_is_waited_for_and_nobody_else_waits) {
  using SteadyClock = std::chrono::steady_clock;
  const TempDir directory;
  Database database{open_test_postgres(directory.path())};
  if (testing::Test::IsSkipped()) return;
  Database newer{postgres::open_postgres(test_postgres_options())};
  const EmbeddedFile one[] = {first};
  const EmbeddedFile both[] = {first, second};
  migrate(database, one, checksum, now);

  std::latch reading{1};
  std::latch enough{1};
  // As pg_dump does.
  std::jthread reader([&] {
    auto work = [&](Tx& tx) {
      tx.run(count_a);
      reading.count_down();
      enough.wait();
      return 0;
    };
    newer.write_now(work);
  });
  reading.wait();
  Database third{postgres::open_postgres(test_postgres_options())};
  std::atomic<bool> done{false};
  std::jthread migrator([&] {
    EXPECT_EQ(migrate(third, both, checksum, now).to, 2);
    done = true;
  });
  auto longest = SteadyClock::duration::zero();
  const auto until = SteadyClock::now() + std::chrono::milliseconds(1500);
  while (SteadyClock::now() < until) {
    const auto asked = SteadyClock::now();
    EXPECT_EQ(database.run_now(count_a), 1);
    longest = std::max(longest, SteadyClock::now() - asked);
  }
  EXPECT_FALSE(done);
  EXPECT_LT(longest, std::chrono::milliseconds(1200));
  enough.count_down();
  migrator.join();
  EXPECT_EQ(database.run_now(sum_extra), 14);
}

}  // namespace
}  // namespace latchkey::db::test::migrate_test
