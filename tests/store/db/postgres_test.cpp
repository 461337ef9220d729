// What only a database across a network can do to us. Each test has a database of its own.

#include <algorithm>
#include <atomic>
#include <latch>

#include "store/db/fixture.h"

namespace latchkey::db::test::postgres_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using SteadyClock = std::chrono::steady_clock;

constexpr Statement<Affected, std::string_view, std::int64_t> insert_item{
    "INSERT INTO items (name, amount) VALUES ($1, $2)"};
constexpr Statement<std::optional<std::int64_t>, std::string_view> add_one{
    "UPDATE items SET amount = amount + 1 WHERE name = $1 RETURNING amount"};
constexpr Statement<std::optional<std::int64_t>, std::string_view> find_amount{
    "SELECT amount FROM items WHERE name = $1"};
constexpr Statement<Affected, std::int64_t, std::string_view> set_amount{
    "UPDATE items SET amount = $1 WHERE name = $2"};
constexpr Statement<std::optional<std::int64_t>> end_all_others{
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"};

class Postgres : public testing::Test {
 protected:
  Postgres() {
    run_script(database,
               "CREATE TABLE items (id IDENTITY, name TEXT NOT NULL UNIQUE, amount BIGINT NOT NULL);"
               "INSERT INTO items (name, amount) VALUES ('a', 0), ('b', 0)");
  }
  void SetUp() override {
    if (IsSkipped()) return;
    ASSERT_EQ(database.run_now(find_amount, "a"), 0);
  }
  std::int64_t amount(std::string_view name) { return database.run_now(find_amount, name).value(); }

  TempDir directory;
  Database database{open_test_postgres(directory.path())};
};

Task<std::int64_t> add(Database& database, std::string name) {
  const std::string_view view = name;
  const auto amount = co_await database.run(add_one, view);
  co_return amount.value();
}

constexpr Statement<std::optional<std::int64_t>, std::string, std::int64_t> insert_new{
    "INSERT INTO items (name, amount) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id"};
constexpr Statement<Affected, std::string, std::int64_t> insert_copy{
    "INSERT INTO items (name, amount) SELECT $1, amount FROM items WHERE amount = $2"};
constexpr Statement<std::optional<std::int64_t>> count_items{"SELECT count(*) FROM items"};

/// A unit: an item, by whose amount nobody else's is taken for it, and its copy. Whether the name was free.
Task<bool> insert_twice(Database& database, std::string name) {
  static std::atomic<std::int64_t> last_amount{1000};
  const std::int64_t amount = ++last_amount;
  const std::string copy = name + " of " + std::to_string(amount);
  const auto item = insert_new.with(name, amount);
  const auto its_copy = insert_copy.with(copy, amount);
  const auto [id, copies] = co_await database.run_together(item, its_copy);
  co_return id.has_value();
}

TEST_F(Postgres, a_connection_that_was_closed_while_idle_is_opened_again_unseen) {
  Loop loop(database);
  EXPECT_EQ(loop.run(add(database, "a")), 1);
  EXPECT_EQ(database.run_now(find_amount, "a"), 1);
  Database other(postgres::open_postgres(test_postgres_options()));
  other.run_now(end_all_others);
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(loop.run(add(database, "a")), 2);
  auto work = [](Tx& tx) { return tx.run(add_one, "a"); };
  EXPECT_EQ(database.write_now(work), 3);
}

TEST_F(Postgres, Z24_deadlocks_are_run_again_until_both_are_through) {
  auto in_order = [&](const char* first, const char* second) {
    std::atomic<int> runs{0};
    auto work = [&](Tx& tx) {
      tx.run(add_one, first);
      if (runs++ == 0) std::this_thread::sleep_for(milliseconds(200));
      return tx.run(add_one, second);
    };
    database.write_now(work);
    return runs.load();
  };
  std::atomic<int> runs{0};
  std::thread other([&] { runs += in_order("b", "a"); });
  runs += in_order("a", "b");
  other.join();
  EXPECT_EQ(amount("a"), 2);
  EXPECT_EQ(amount("b"), 2);
  EXPECT_GT(runs, 2) << "nothing was in anybody's way";
}

TEST_F(Postgres, Z24_where_transactions_are_serializable_what_is_answered_has_happened_once) {
  auto configure = [](Tx& tx) {
    tx.run_script(
        "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || "
        "' SET default_transaction_isolation = serializable'; END $$");
  };
  database.write_now(configure);
  Database strict(postgres::open_postgres(test_postgres_options()));
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) {
        auto work = [](Tx& tx) {
          const auto now = tx.run(find_amount, "a").value();
          tx.run(set_amount, now + 1, "a");
        };
        try {
          strict.write_now(work);
          ++done;
        } catch (const Unavailable&) {
          // In the way of others six times: refused, and nothing has happened.
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_GT(done, 25);
  EXPECT_EQ(amount("a"), done);
}

TEST_F(Postgres, Z24_what_others_are_always_in_the_way_of_is_given_up_after_six_runs) {
  run_script(database,
             "CREATE SEQUENCE runs; CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
             "PERFORM nextval('runs'); RAISE EXCEPTION 'no' USING ERRCODE = '40001'; END $$;"
             "CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION refuse()");
  constexpr Statement<std::optional<std::int64_t>> last_run{"SELECT last_value FROM runs"};
  auto work = [](Tx& tx) { return tx.run(add_one, "a"); };
  EXPECT_THROW(database.write_now(work), Unavailable);
  EXPECT_EQ(database.run_now(last_run), 6);
  Loop loop(database);
  EXPECT_THROW(loop.run(add(database, "a")), Unavailable);
  EXPECT_EQ(database.run_now(last_run), 12);
  EXPECT_THROW(loop.run(insert_twice(database, "c")), Unavailable);
  EXPECT_EQ(database.run_now(last_run), 18);
  EXPECT_EQ(amount("a"), 0);
}

TEST_F(Postgres, Z22_a_connection_lost_in_the_commit_is_no_success_and_is_not_tried_again) {
  run_script(database,
             "CREATE TABLE runs (id IDENTITY, at TEXT);"
             "CREATE FUNCTION hang_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
             "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NULL; END $$;"
             "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT OR UPDATE ON items "
             "DEFERRABLE INITIALLY DEFERRED "
             "FOR EACH ROW EXECUTE FUNCTION hang_up()");
  std::atomic<int> runs{0};
  auto work = [&](Tx& tx) {
    ++runs;
    return tx.run(add_one, "a");
  };
  EXPECT_THROW(database.write_now(work), OutcomeUnknown);
  EXPECT_EQ(runs, 1);
  Loop loop(database);
  EXPECT_THROW(loop.run(add(database, "a")), OutcomeUnknown);
  EXPECT_EQ(amount("a"), 0);
  EXPECT_THROW(loop.run(insert_twice(database, "c")), OutcomeUnknown);
  EXPECT_EQ(database.run_now(count_items), 2);
}

TEST_F(Postgres, Z22_of_a_batch_whose_commit_nobody_knows_about_no_unit_is_run_again) {
  run_script(database,
             "CREATE SEQUENCE runs; CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
             "PERFORM nextval('runs'); RAISE EXCEPTION 'who knows' USING ERRCODE = '40003'; END $$;"
             "CREATE CONSTRAINT TRIGGER lose AFTER UPDATE ON items DEFERRABLE INITIALLY DEFERRED "
             "FOR EACH ROW EXECUTE FUNCTION lose()");
  Loop loop(database);
  std::vector<std::future<std::int64_t>> units;
  {
    const Held held(loop);
    for (const char* name : {"a", "b", "a"}) units.push_back(loop.start(add(database, name)));
  }
  for (auto& unit : units) EXPECT_THROW(unit.get(), OutcomeUnknown);
  constexpr Statement<std::optional<std::int64_t>> last_run{"SELECT last_value FROM runs"};
  EXPECT_EQ(database.run_now(last_run), 1);
}

TEST_F(Postgres, Z24_a_batch_in_a_deadlock_with_a_transaction_is_run_again_and_each_unit_is_written_once) {
  Loop loop(database);
  std::latch begun(1);
  std::atomic<int> runs{0};
  auto in_the_way = [&](Tx& tx) {
    const bool first = tx.run(insert_new, "z", 1).has_value();
    if (runs++ == 0) {
      begun.count_down();
      std::this_thread::sleep_for(milliseconds(300));
    }
    // By now the batch has inserted this one, and waits for "z".
    const bool second = tx.run(insert_new, "c", 1).has_value();
    return std::pair(first, second);
  };
  auto transaction = std::async(std::launch::async, [&] { return database.write_now(in_the_way); });
  begun.wait();
  const auto from = SteadyClock::now();
  std::vector<std::future<bool>> units;
  {
    const Held held(loop);
    for (const char* name : {"z", "c", "d"}) units.push_back(loop.start(insert_twice(database, name)));
  }
  const auto [z, c] = transaction.get();
  EXPECT_NE(units[0].get(), z);
  EXPECT_NE(units[1].get(), c);
  EXPECT_TRUE(units[2].get());
  EXPECT_GT(SteadyClock::now() - from, milliseconds(900)) << "there was no deadlock to be noticed";
  // Of the units each that was in time has its copy, and no other.
  const std::int64_t copies = 3 - int{z} - int{c};
  EXPECT_EQ(database.run_now(count_items), 2 + 3 + copies);
}

TEST_F(Postgres, Z24_units_of_two_nodes_that_want_the_same_names_crosswise_do_not_stop_each_other) {
  // Whoever got into a deadlock would wait until its statement is given up.
  auto configure = [](Tx& tx) {
    tx.run_script(
        "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET deadlock_timeout = ''1min'''; "
        "END "
        "$$");
  };
  database.write_now(configure);
  Database other(postgres::open_postgres(test_postgres_options()));
  Loop here(database);
  Loop there(other);
  constexpr int names = 100;
  std::vector<std::future<bool>> units;
  {
    const Held one(here);
    const Held both(there);
    for (int i = 0; i < names; ++i) {
      units.push_back(here.start(insert_twice(database, "item " + std::to_string(i))));
      units.push_back(there.start(insert_twice(other, "item " + std::to_string(names - 1 - i))));
    }
  }
  int written = 0;
  for (auto& unit : units) written += unit.get() ? 1 : 0;
  EXPECT_EQ(written, names);
  EXPECT_EQ(database.run_now(count_items), 2 + 2 * names);
}

TEST_F(Postgres, Z23_a_lock_that_somebody_holds_costs_an_answer_not_the_reads) {
  auto options = test_postgres_options();
  options.statement_timeout = milliseconds(600);
  options.patience = milliseconds(300);
  Database impatient(postgres::open_postgres(std::move(options)));
  std::latch locked(1);
  std::latch over(1);
  std::thread holder([&] {
    auto work = [&](Tx& tx) {
      tx.run(add_one, "a");
      locked.count_down();
      over.wait();
    };
    database.write_now(work);
  });
  locked.wait();
  {
    Loop loop(impatient);
    const auto begun = SteadyClock::now();
    EXPECT_THROW(loop.run(add(impatient, "a")), Unavailable);
    EXPECT_LT(SteadyClock::now() - begun, seconds(5));
    EXPECT_EQ(impatient.run_now(find_amount, "a"), 0);
    EXPECT_EQ(loop.run(add(impatient, "b")), 1);
  }
  over.count_down();
  holder.join();
  EXPECT_EQ(amount("a"), 1);
}

TEST_F(Postgres, Z25_when_every_connection_is_busy_the_next_is_refused_and_nothing_is_lost) {
  auto options = test_postgres_options();
  options.transaction_connections = 2;
  options.patience = milliseconds(200);
  options.max_queue = 20;
  Database small(postgres::open_postgres(std::move(options)));
  std::latch over(1);
  std::vector<std::thread> busy;
  for (int i = 0; i < 2; ++i) {
    busy.emplace_back([&] {
      auto work = [&](Tx& tx) {
        tx.run(find_amount, "a");
        over.wait();
      };
      small.read_now(work);
    });
  }
  std::this_thread::sleep_for(milliseconds(200));
  Loop loop(small);
  auto write = [&](int) -> Task<bool> {
    auto work = [](Tx& tx) { return tx.run(add_one, "a"); };
    try {
      co_await small.write(work);
      co_return true;
    } catch (const Unavailable&) {
      co_return false;
    }
  };
  const auto begun = SteadyClock::now();
  std::vector<std::future<bool>> all;
  for (int i = 0; i < 50; ++i) all.push_back(loop.start(write(i)));
  for (auto& one : all) EXPECT_FALSE(one.get());
  EXPECT_LT(SteadyClock::now() - begun, seconds(5));
  EXPECT_GE(small.statistics().refused, 30U) << "more than the queue has room for";
  over.count_down();
  for (auto& thread : busy) thread.join();
  EXPECT_TRUE(loop.run(write(0)));
  EXPECT_EQ(amount("a"), 1);
}

TEST_F(Postgres, what_opens_nothing_says_why) {
  postgres::PostgresOptions nowhere;
  nowhere.url = Secret(std::string_view("postgresql://127.0.0.1:1/nothing"));
  EXPECT_THROW(postgres::open_postgres(std::move(nowhere)), Unavailable);
  postgres::PostgresOptions nonsense;
  nonsense.url = Secret(std::string_view("postgresql://host/?no_such_word=1"));
  EXPECT_THROW(postgres::open_postgres(std::move(nonsense)), Fault);
}

/// Many at once, each on many rows in an order of its own: the locks of a batch are taken in one order.
Task<int> add_to_both(Database& database, int rounds, const char* first, const char* second) {
  const std::string a = first;
  const std::string b = second;
  int done = 0;
  for (int i = 0; i < rounds; ++i) {
    co_await database.run(add_one, std::string_view(a));
    co_await database.run(add_one, std::string_view(b));
    done += 2;
  }
  co_return done;
}

TEST_F(Postgres, batches_of_several_threads_on_the_same_rows_do_not_stop_each_other) {
  Loop first(database);
  Loop second(database);
  std::vector<std::future<int>> all;
  const auto begun = SteadyClock::now();
  for (int i = 0; i < 16; ++i) {
    all.push_back(
        (i % 2 == 0 ? first : second)
            .start(i % 4 < 2 ? add_to_both(database, 20, "a", "b") : add_to_both(database, 20, "b", "a")));
  }
  int done = 0;
  for (auto& one : all) done += one.get();
  EXPECT_EQ(done, 16 * 40);
  EXPECT_EQ(amount("a") + amount("b"), done);
  // A deadlock is noticed after a second, and there are hundreds of batches.
  EXPECT_LT(SteadyClock::now() - begun, seconds(30));
}

}  // namespace
}  // namespace latchkey::db::test::postgres_test
