#include "db/migrate.h"

#include <algorithm>
#include <boost/describe.hpp>
#include <charconv>
#include <chrono>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/test_point.h"

namespace latchkey::db {
namespace {

struct Applied {
  std::int64_t version = 0;
  std::string name;
  std::string checksum;
};
BOOST_DESCRIBE_STRUCT(Applied, (), (version, name, checksum))

constexpr std::string_view create_table =
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    "version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT "
    "NULL)";
constexpr Statement<std::vector<Applied>> list_applied{
    "SELECT version, name, checksum FROM schema_migrations ORDER BY version"};
constexpr Statement<Affected, std::int64_t, std::string_view, std::string, Timestamp> insert_applied{
    "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)"};

struct Migration {
  std::int64_t version = 0;
  std::string_view name;
  std::string_view body;
  std::string checksum;
};

std::vector<Migration> read_files(std::span<const EmbeddedFile> files, const Checksum& checksum) {
  std::vector<Migration> migrations;
  for (const EmbeddedFile& file : files) {
    Migration migration{0, file.path, file.body, checksum(file.body)};
    const char* end = file.path.data() + file.path.size();
    const auto number = std::from_chars(file.path.data(), end, migration.version);
    if (number.ec != std::errc{} || number.ptr == end || *number.ptr != '_' || !file.path.ends_with(".sql")) {
      throw Fault("a migration is not named like 0001_name.sql: " + std::string(file.path));
    }
    migrations.push_back(std::move(migration));
  }
  std::ranges::sort(migrations, {}, &Migration::version);
  for (std::size_t i = 0; i < migrations.size(); ++i) {
    if (migrations[i].version != static_cast<std::int64_t>(i + 1)) {
      throw Fault("migration number " + std::to_string(i + 1) + " is missing or exists twice");
    }
  }
  return migrations;
}

/// How many of `migrations` the database has; refuses a database that they do not describe.
std::size_t count_applied(Tx& tx, const std::vector<Migration>& migrations) {
  const auto applied = tx.run(list_applied);
  for (std::size_t i = 0; i < applied.size(); ++i) {
    const Applied& row = applied[i];
    if (row.version != static_cast<std::int64_t>(i + 1)) {
      throw Fault("the database has lost the record of its schema version " + std::to_string(i + 1));
    }
    if (i >= migrations.size()) {
      throw Fault("the database has schema version " + std::to_string(applied.back().version) + " (" +
                  applied.back().name + "), this program knows " + std::to_string(migrations.size()) +
                  ": start the newer program, or restore a backup from before the upgrade");
    }
    if (row.checksum != migrations[i].checksum) {
      throw Fault("migration " + row.name +
                  " has been changed since it was applied to this database: restore the original and put the "
                  "change into a new migration");
    }
  }
  return applied.size();
}

/// Runs one step, again and again while another session reads a table that the step changes, such as
/// `pg_dump`: with pauses, in which the nodes that run go on serving.
template <class Work>
auto write_when_free(Database& database, Work& work) {
  constexpr std::chrono::seconds pause{2};
  constexpr int quiet_tries = 30;
  for (int tries = 0;; ++tries) {
    try {
      return database.write_now(work);
    } catch (const Blocked& error) {
      if (tries % quiet_tries == 0) {
        log::warn("store.migration_waits",
                  {{"reason", error.what()},
                   {"hint",
                    "another session reads a table that has to change; the migration "
                    "is tried again until that session ends"}});
      }
      std::this_thread::sleep_for(pause);
    }
  }
}

/// Makes the table of what was applied when there is none.
std::int64_t look(Database& database, const std::vector<Migration>& migrations) {
  auto work = [&](Tx& tx) {
    tx.lock_schema();
    tx.run_script(create_table);
    return count_applied(tx, migrations);
  };
  return static_cast<std::int64_t>(write_when_free(database, work));
}

}  // namespace

Migrated migrate(Database& database, std::span<const EmbeddedFile> files, const Checksum& checksum,
                 Timestamp now) {
  const auto migrations = read_files(files, checksum);
  Migrated report;
  report.from = look(database, migrations);
  report.to = report.from;
  while (report.to < static_cast<std::int64_t>(migrations.size())) {
    // Asked anew inside each transaction: another node may have been faster.
    auto apply_next = [&](Tx& tx) {
      tx.lock_schema();
      const std::size_t done = count_applied(tx, migrations);
      if (done == migrations.size()) return done;
      const Migration& next = migrations[done];
      tx.run_script(next.body);
      test_point("migration.applied");
      tx.run(insert_applied, next.version, next.name, next.checksum, now);
      return done + 1;
    };
    report.to = static_cast<std::int64_t>(write_when_free(database, apply_next));
    test_point("migration.committed");
  }
  return report;
}

Migrated plan_migration(Database& database, std::span<const EmbeddedFile> files, const Checksum& checksum) {
  const auto migrations = read_files(files, checksum);
  Migrated plan;
  plan.from = look(database, migrations);
  plan.to = static_cast<std::int64_t>(migrations.size());
  return plan;
}

std::vector<std::string> schema_scripts(std::span<const EmbeddedFile> files) {
  std::vector<std::string> scripts{std::string(create_table)};
  for (const Migration& migration : read_files(files, [](std::string_view) { return std::string(); }))
    scripts.emplace_back(migration.body);
  return scripts;
}

}  // namespace latchkey::db
