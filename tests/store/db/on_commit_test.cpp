// Hooks of a write: they run when it has committed and in no other case, whatever the database and whatever
// goes wrong.

#include <sqlite3.h>

#include <atomic>
#include <stdexcept>

#include "store/db/faulty_disk.h"
#include "store/db/fixture.h"
#include "store/db/gate.h"

namespace latchkey::db::test::on_commit_test {
namespace {

constexpr Statement<Affected, std::string, std::int64_t> insert_item{
    "INSERT INTO items (name, amount) VALUES ($1, $2) ON CONFLICT DO NOTHING"};
constexpr Statement<std::optional<std::int64_t>, std::string, std::int64_t> insert_new{
    "INSERT INTO items (name, amount) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING amount"};
constexpr Statement<Affected, std::string, std::int64_t> insert_strictly{
    "INSERT INTO items (name, amount) VALUES ($1, $2)"};
constexpr Statement<std::optional<std::int64_t>, std::string> find_amount{
    "SELECT amount FROM items WHERE name = $1"};
constexpr Statement<std::optional<std::int64_t>> count_items{"SELECT count(*) FROM items"};
constexpr Statement<Affected, std::int64_t> insert_part{"INSERT INTO parts (item) VALUES ($1)"};
/// Its row can not be read as a text, which is known only when the insert is made.
constexpr Statement<std::optional<std::string>, std::string> insert_and_fail{
    "INSERT INTO items (name, amount) VALUES ($1, 0) RETURNING amount"};

constexpr const char* schema =
    "CREATE TABLE items (id IDENTITY, name TEXT NOT NULL UNIQUE, amount BIGINT NOT NULL);"
    "CREATE TABLE parts (item BIGINT NOT NULL REFERENCES items (id) DEFERRABLE INITIALLY DEFERRED)";

class OnCommit : public testing::TestWithParam<Backend> {
 protected:
  void SetUp() override { run_script(database, schema); }
  std::int64_t count() { return database.run_now(count_items).value(); }

  TempDir directory;
  Database database{GetParam().open(directory.path())};
};
LATCHKEY_ON_EVERY_DATABASE(OnCommit);

TEST_P(OnCommit, hooks_run_once_in_their_order_when_others_can_see_the_write) {
  std::vector<int> order;
  std::optional<std::int64_t> seen;
  auto work = [&](Tx& tx) {
    tx.run(insert_item, "a", 7);
    tx.on_commit([&] { seen = database.run_now(find_amount, "a"); });
    for (int i = 0; i < 6; ++i) tx.on_commit([&order, i] { order.push_back(i); });
    EXPECT_TRUE(order.empty());
  };
  database.write_now(work);
  EXPECT_EQ(seen, 7);
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5}));
}

Task<std::thread::id> note_thread(Database& database, std::string name) {
  std::thread::id ran_on;
  auto work = [&](Tx& tx) {
    tx.run(insert_item, name, 1);
    tx.on_commit([&] { ran_on = std::this_thread::get_id(); });
    return std::this_thread::get_id();
  };
  const auto worked_on = co_await database.write(work);
  EXPECT_NE(worked_on, std::this_thread::get_id());
  EXPECT_EQ(ran_on, std::this_thread::get_id());
  co_return ran_on;
}

TEST_P(OnCommit, a_hook_runs_on_the_thread_of_its_caller_before_the_caller_goes_on) {
  Loop loop(database);
  EXPECT_NE(loop.run(note_thread(database, "a")), std::thread::id{});
}

TEST_P(OnCommit, a_denial_commits_and_so_its_hooks_run) {
  int ran = 0;
  auto denied = [&](Tx& tx) -> Result<int> {
    tx.on_commit([&] { ++ran; });
    return ErrorCode::forbidden;
  };
  EXPECT_TRUE(database.write_now(denied).has_error());
  EXPECT_EQ(ran, 1);
}

TEST_P(OnCommit, what_is_rolled_back_runs_no_hook) {
  int ran = 0;
  auto failing = [&](Tx& tx) {
    tx.run(insert_item, "a", 1);
    tx.on_commit([&] { ++ran; });
    throw std::runtime_error("a fault");
  };
  EXPECT_THROW(database.write_now(failing), std::runtime_error);
  database.run_now(insert_item, "b", 1);
  auto violating = [&](Tx& tx) {
    tx.on_commit([&] { ++ran; });
    tx.run(insert_strictly, "b", 1);
  };
  EXPECT_THROW(database.write_now(violating), ConstraintViolation);
  EXPECT_EQ(ran, 0);
  EXPECT_EQ(count(), 1);
}

TEST_P(OnCommit, a_commit_that_fails_runs_no_hook) {
  int ran = 0;
  auto orphan = [&](Tx& tx) {
    tx.run(insert_item, "a", 1);
    tx.run(insert_part, 77);  // there is no such item, which the commit finds
    tx.on_commit([&] { ++ran; });
  };
  EXPECT_ANY_THROW(database.write_now(orphan));
  EXPECT_EQ(ran, 0);
  EXPECT_EQ(count(), 0);
}

TEST_P(OnCommit, what_a_hook_throws_does_not_reach_the_caller_nor_stop_other_hooks) {
  bool later = false;
  auto work = [&](Tx& tx) {
    tx.run(insert_item, "a", 1);
    tx.on_commit([] { throw std::runtime_error("a fault of the hook"); });
    tx.on_commit([&] { later = true; });
    return 5;
  };
  EXPECT_EQ(database.write_now(work), 5);
  EXPECT_TRUE(later);
  EXPECT_EQ(count(), 1);
}

TEST_P(OnCommit, a_read_has_no_commit_to_wait_for) {
  auto work = [](Tx& tx) { tx.on_commit([] {}); };
  EXPECT_THROW(database.read_now(work), std::logic_error);
}

/// Every fifth throws in the end, every seventh violates a constraint; counts by hook those that committed.
Task<int> write_some(Database& database, int first, int count, std::atomic<int>& committed) {
  int written = 0;
  for (int i = first; i < first + count; ++i) {
    const std::string name = "item " + std::to_string(i);
    auto work = [&name, &committed, i](Tx& tx) {
      tx.run(insert_item, name, i);
      tx.on_commit([&committed] { ++committed; });
      if (i % 5 == 0) throw std::runtime_error("every fifth");
      if (i % 7 == 0) tx.run(insert_strictly, name, i);
    };
    try {
      co_await database.write(work);
      ++written;
    } catch (const std::exception&) {
      continue;
    }
  }
  co_return written;
}

TEST_P(OnCommit, in_a_shared_batch_the_hooks_of_those_run_that_are_written) {
  Loop loop(database);
  std::atomic<int> committed = 0;
  std::vector<std::future<int>> all;
  for (int i = 0; i < 8; ++i) all.push_back(loop.start(write_some(database, i * 35, 35, committed)));
  int written = 0;
  for (auto& one : all) written += one.get();
  EXPECT_EQ(committed, written);
  EXPECT_EQ(count(), written);
  EXPECT_GT(written, 100);
}

struct UnitOutcome {
  bool inserted = false;
  int told_of_first = 0;
  int told_of_second = 0;
  std::int64_t rows = -1;
};

/// A unit of two statements, each with a hook; the second one fails where its name is taken.
Task<UnitOutcome> run_unit(Database& database, std::string first, std::string second) {
  UnitOutcome outcome;
  const std::int64_t amount = 3;
  const auto insert = insert_new.with(first, amount);
  const auto insert_second = insert_strictly.with(second, amount);
  const auto tell = [&](const std::optional<std::int64_t>& id) { outcome.told_of_first += id ? 1 : 100; };
  const auto tell_second = [&](const Affected& affected) {
    ++outcome.told_of_second;
    outcome.rows = affected.rows;
  };
  const WithHook with_first(insert, tell);
  const WithHook with_second(insert_second, tell_second);
  try {
    const auto written = co_await database.run_together(with_first, with_second);
    outcome.inserted = std::get<0>(written).has_value();
  } catch (const ConstraintViolation&) {
    outcome.inserted = false;
  }
  co_return outcome;
}

TEST_P(OnCommit, a_hook_of_a_unit_is_told_what_its_statement_has_done) {
  Loop loop(database);
  const auto outcome = loop.run(run_unit(database, "a", "b"));
  EXPECT_TRUE(outcome.inserted);
  EXPECT_EQ(outcome.told_of_first, 1);
  EXPECT_EQ(outcome.told_of_second, 1);
  EXPECT_EQ(outcome.rows, 1);
  const auto taken = loop.run(run_unit(database, "a", "c"));
  EXPECT_EQ(taken.told_of_first, 100) << "the name was taken, and the unit has committed";
}

TEST_P(OnCommit, a_unit_that_is_rolled_back_runs_no_hook) {
  Loop loop(database);
  database.run_now(insert_item, "b", 1);
  const auto outcome = loop.run(run_unit(database, "a", "b"));
  EXPECT_EQ(outcome.told_of_first, 0);
  EXPECT_EQ(outcome.told_of_second, 0);
  EXPECT_EQ(count(), 1);
}

Task<int> write_counting_runs(Database& database, std::string name, std::atomic<int>& runs) {
  int hooks = 0;
  auto work = [&](Tx& tx) {
    ++runs;
    tx.run(insert_item, name, 1);
    tx.on_commit([&] { ++hooks; });
  };
  co_await database.write(work);
  co_return hooks;
}

Task<bool> lose_batch(Database& database) {
  const std::string name = "lost";
  try {
    co_await database.run(insert_and_fail, name);
  } catch (const Fault&) {
    co_return true;
  }
  co_return false;
}

TEST(OnCommitSqlite, in_a_batch_that_is_lost_and_run_again_each_hook_runs_once) {
  const TempDir directory;
  Database database(sqlite::open_sqlite({.directory = directory.path()}));
  run_script(database, schema);
  Loop loop(database);
  std::atomic<int> runs = 0;
  std::vector<std::future<int>> writes;
  Gate gate(database);
  for (int i = 0; i < 5; ++i)
    writes.push_back(loop.start(write_counting_runs(database, std::to_string(i), runs)));
  auto lost = loop.start(lose_batch(database));
  while (database.statistics().queued < 7) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  gate.open();
  for (auto& write : writes) EXPECT_EQ(write.get(), 1);
  EXPECT_TRUE(lost.get());
  EXPECT_EQ(runs, 10) << "the batch was not lost";
  EXPECT_EQ(database.run_now(count_items), 5);
}

TEST(OnCommitSqlite, a_sync_that_fails_runs_no_hook) {
  FaultyDisk disk;
  const TempDir directory;
  Database database(sqlite::open_sqlite({.directory = directory.path()}));
  run_script(database, schema);
  int ran = 0;
  auto work = [&](Tx& tx) {
    tx.run(insert_item, "a", 1);
    tx.on_commit([&] { ++ran; });
  };
  disk.fail_sync = SQLITE_IOERR_FSYNC;
  EXPECT_THROW(database.write_now(work), Unavailable);
  EXPECT_EQ(ran, 0);
}

class OnCommitPostgres : public testing::Test {
 protected:
  OnCommitPostgres() { run_script(database, schema); }
  TempDir directory;
  Database database{open_test_postgres(directory.path())};
};

TEST_F(OnCommitPostgres, work_that_is_run_again_for_the_sake_of_others_runs_its_hooks_once) {
  run_script(database,
             "CREATE SEQUENCE runs; CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
             "IF nextval('runs') < 3 THEN RAISE EXCEPTION 'no' USING ERRCODE = '40001'; END IF; RETURN NEW; "
             "END $$;"
             "CREATE TRIGGER refuse BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION refuse()");
  std::atomic<int> runs = 0;
  int ran = 0;
  auto work = [&](Tx& tx) {
    ++runs;
    tx.on_commit([&] { ++ran; });
    tx.run(insert_item, "a", 1);
  };
  database.write_now(work);
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(ran, 1);
}

TEST_F(OnCommitPostgres, a_unit_that_is_run_again_runs_its_hooks_once) {
  run_script(database,
             "CREATE SEQUENCE runs; CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
             "IF nextval('runs') < 3 THEN RAISE EXCEPTION 'no' USING ERRCODE = '40001'; END IF; RETURN NEW; "
             "END $$;"
             "CREATE TRIGGER refuse BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION refuse()");
  Loop loop(database);
  const auto outcome = loop.run(run_unit(database, "a", "b"));
  EXPECT_TRUE(outcome.inserted);
  EXPECT_EQ(outcome.told_of_first, 1);
  EXPECT_EQ(outcome.told_of_second, 1);
  EXPECT_EQ(database.run_now(count_items), 2);
}

TEST_F(OnCommitPostgres, a_connection_lost_in_the_commit_runs_no_hook) {
  run_script(database,
             "CREATE FUNCTION hang_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
             "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NULL; END $$;"
             "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON items DEFERRABLE INITIALLY DEFERRED "
             "FOR EACH ROW EXECUTE FUNCTION hang_up()");
  int ran = 0;
  auto work = [&](Tx& tx) {
    tx.run(insert_item, "a", 1);
    tx.on_commit([&] { ++ran; });
  };
  EXPECT_THROW(database.write_now(work), OutcomeUnknown);
  EXPECT_EQ(ran, 0);
}

}  // namespace
}  // namespace latchkey::db::test::on_commit_test
