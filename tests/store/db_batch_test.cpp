// What statements that share a commit do to each other: nothing, on any database.

#include "db_fixture.h"

namespace latchkey::db::test {
namespace {

class Batches : public testing::TestWithParam<Backend> {
 protected:
  Batches() { run_script(database, "CREATE TABLE items (id IDENTITY, name TEXT NOT NULL UNIQUE)"); }
  TempDir directory;
  Database database{GetParam().open(directory.path())};
};
LATCHKEY_ON_EVERY_DATABASE(Batches);

constexpr Statement<Affected, std::string_view> insert_item_strictly{"INSERT INTO items (name) VALUES ($1)"};
constexpr Statement<std::optional<std::int64_t>> count_items{"SELECT count(*) FROM items"};

Task<bool> insert_strictly(Database& database, std::string name) {
  const std::string_view view = name;
  try {
    co_await database.run(insert_item_strictly, view);
    co_return true;
  } catch (const ConstraintViolation&) {
    co_return false;
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

}  // namespace
}  // namespace latchkey::db::test
