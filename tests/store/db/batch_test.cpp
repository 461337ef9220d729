// What statements and units that share a commit do to each other: nothing, on any database.

#include <map>

#include "store/db/fixture.h"

namespace latchkey::db::test::batch_test {
namespace {

class Batches : public testing::TestWithParam<Backend> {
 protected:
  Batches() {
    run_script(database,
               "CREATE TABLE items (id IDENTITY, name TEXT NOT NULL UNIQUE, mark TEXT NOT NULL);"
               "CREATE TABLE parts (name TEXT NOT NULL UNIQUE, item BIGINT NOT NULL)");
  }
  TempDir directory;
  Database database{GetParam().open(directory.path())};
};
LATCHKEY_ON_EVERY_DATABASE(Batches);

constexpr Statement<Affected, std::string> insert_item_strictly{
    "INSERT INTO items (name, mark) VALUES ($1, '')"};
constexpr Statement<std::optional<std::int64_t>, std::string, std::string> insert_item{
    "INSERT INTO items (name, mark) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id"};
constexpr Statement<Affected, std::string, std::string> insert_part{
    "INSERT INTO parts (name, item) SELECT $1, id FROM items WHERE mark = $2"};
constexpr Statement<std::optional<std::int64_t>> count_items{"SELECT count(*) FROM items"};
constexpr Statement<std::optional<std::int64_t>> count_parts{"SELECT count(*) FROM parts"};
constexpr Statement<std::optional<std::int64_t>> count_items_with_part{
    "SELECT count(*) FROM items JOIN parts ON parts.item = items.id"};

Task<bool> insert_strictly(Database& database, std::string name) {
  try {
    co_await database.run(insert_item_strictly, name);
    co_return true;
  } catch (const ConstraintViolation&) {
    co_return false;
  }
}

enum class Inserted : std::uint8_t { both, neither, failed };

/// An item and its part, or neither where the name of the item is taken. That of the part must be free.
Task<Inserted> insert_both(Database& database, std::string item, std::string mark, std::string part) {
  const auto first = insert_item.with(item, mark);
  const auto second = insert_part.with(part, mark);
  try {
    const auto [id, parts] = co_await database.run_together(first, second);
    EXPECT_EQ(parts.rows, id.has_value() ? 1 : 0);
    co_return id.has_value() ? Inserted::both : Inserted::neither;
  } catch (const ConstraintViolation&) {
    co_return Inserted::failed;
  }
}

TEST_P(Batches, of_statements_that_share_a_batch_only_those_fail_that_must) {
  Loop loop(database);
  std::vector<std::future<bool>> all;
  for (int i = 0; i < 100; ++i) all.push_back(loop.start(insert_strictly(database, std::to_string(i % 80))));
  int inserted = 0;
  for (auto& one : all) inserted += one.get() ? 1 : 0;
  EXPECT_EQ(inserted, 80);
  EXPECT_EQ(database.run_now(count_items), 80);
}

TEST_P(Batches, the_statements_of_a_unit_see_those_before_them_and_are_written_together_or_not_at_all) {
  Loop loop(database);
  EXPECT_EQ(loop.run(insert_both(database, "one", "1", "part")), Inserted::both);
  EXPECT_EQ(loop.run(insert_both(database, "one", "2", "other part")), Inserted::neither);
  EXPECT_EQ(loop.run(insert_both(database, "two", "3", "part")), Inserted::failed);
  EXPECT_EQ(database.run_now(count_items), 1);
  EXPECT_EQ(database.run_now(count_parts), 1);
}

TEST_P(Batches, of_units_that_share_a_batch_only_those_fail_that_must_and_as_a_whole) {
  Loop loop(database);
  std::vector<std::future<Inserted>> units;
  std::vector<std::future<bool>> statements;
  {
    const Held held(loop);
    for (int i = 0; i < 100; ++i) {
      // Twenty items are asked for twice, and ten units want the same part.
      const auto item = std::to_string(i % 80);
      const auto part = i % 10 == 0 ? "wanted" : std::to_string(i);
      units.push_back(loop.start(insert_both(database, item, std::to_string(i), part)));
      statements.push_back(loop.start(insert_strictly(database, "other " + std::to_string(i))));
    }
  }
  std::map<Inserted, int> count;
  for (auto& unit : units) ++count[unit.get()];
  for (auto& statement : statements) EXPECT_TRUE(statement.get());
  EXPECT_EQ(count[Inserted::both], 72 + 1);
  EXPECT_GE(count[Inserted::failed], 7);
  EXPECT_EQ(database.run_now(count_items), 73 + 100);
  EXPECT_EQ(database.run_now(count_parts), 73);
  EXPECT_EQ(database.run_now(count_items_with_part), 73);
}

TEST_P(Batches, units_that_come_up_together_share_a_commit) {
  Loop loop(database);
  EXPECT_EQ(loop.run(insert_both(database, "first", "", "first")), Inserted::both);
  const auto before = database.statistics();
  std::vector<std::future<Inserted>> units;
  {
    const Held held(loop);
    for (int i = 0; i < 100; ++i) {
      const auto name = std::to_string(i);
      units.push_back(loop.start(insert_both(database, name, name, name)));
    }
  }
  for (auto& unit : units) EXPECT_EQ(unit.get(), Inserted::both);
  EXPECT_EQ(database.statistics().commits, before.commits + 1);
  EXPECT_EQ(database.statistics().jobs, before.jobs + 100);
}

}  // namespace
}  // namespace latchkey::db::test::batch_test
