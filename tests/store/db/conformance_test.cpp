// What every database must do. A driver that passes this can stand under store/ and everything above.

#include <atomic>
#include <boost/asio/this_coro.hpp>
#include <boost/describe.hpp>
#include <latch>
#include <numeric>

#include "store/db/fixture.h"

namespace latchkey::db::test::conformance_test {
namespace {

class Conformance : public testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    run_script(database,
               "CREATE TABLE items (id IDENTITY, name TEXT NOT NULL UNIQUE, amount BIGINT NOT NULL);"
               "CREATE TABLE kinds (id BYTEA NOT NULL PRIMARY KEY, flag BOOLEAN, number BIGINT, words TEXT, "
               "raw BYTEA) "
               "WITHOUT ROWID;"
               "CREATE TABLE parts (item BIGINT NOT NULL REFERENCES items (id) ON DELETE CASCADE)");
  }
  TempDir directory;
  Database database{GetParam().open(directory.path())};
};
LATCHKEY_ON_EVERY_DATABASE(Conformance);

struct Item {
  std::int64_t id = 0;
  std::string name;
  std::int64_t amount = 0;
};
BOOST_DESCRIBE_STRUCT(Item, (), (id, name, amount))

constexpr Statement<std::optional<std::int64_t>, std::string, std::int64_t> insert_item{
    "INSERT INTO items (name, amount) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id"};
constexpr Statement<Affected, std::string_view, std::int64_t> insert_item_strictly{
    "INSERT INTO items (name, amount) VALUES ($1, $2)"};
constexpr Statement<std::optional<Item>, std::string_view> find_item{
    "SELECT id, name, amount FROM items WHERE name = $1"};
constexpr Statement<std::vector<Item>> list_items{"SELECT id, name, amount FROM items ORDER BY id"};
constexpr Statement<std::optional<std::int64_t>> count_items{"SELECT count(*) FROM items"};
constexpr Statement<std::optional<std::int64_t>, std::string_view> add_one{
    "UPDATE items SET amount = amount + 1 WHERE name = $1 RETURNING amount"};
constexpr Statement<std::optional<std::int64_t>, std::string_view> find_amount{
    "SELECT amount FROM items WHERE name = $1"};

/// Runs a text that `Statement` would refuse.
std::vector<std::string> run_raw(Database& database, std::string_view sql, std::vector<Value> values,
                                 std::size_t columns) {
  struct Sink final : RowSink {
    std::vector<std::string> texts;
    void row(std::span<const Value> row) override {
      for (const Value& value : row) texts.emplace_back(text_of(value));
    }
  } sink;
  struct RawJob final : Job {
    explicit RawJob(std::function<void(Connection&)> f) : Job(Kind::transaction), work(std::move(f)) {}
    void execute(Connection& connection) override { work(connection); }
    std::function<void(Connection&)> work;
  };
  const std::vector<Type> types(values.size(), Type::text);
  RawJob job([&](Connection& connection) { connection.execute({sql, types, columns, true}, values, sink); });
  database.driver().read_now(job);
  return sink.texts;
}

TEST_P(Conformance, parameters_are_bound_by_their_number_in_either_order) {
  const std::vector<Value> values{std::string_view{"one"}, std::string_view{"two"}};
  EXPECT_EQ(run_raw(database, "SELECT $1, $2", values, 2), (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(run_raw(database, "SELECT $2, $1", values, 2), (std::vector<std::string>{"two", "one"}));
  EXPECT_EQ(run_raw(database, "SELECT $2, $1, $2", values, 3),
            (std::vector<std::string>{"two", "one", "two"}));
}

TEST_P(Conformance, a_statement_that_disagrees_with_its_declaration_is_a_fault) {
  const std::vector<Value> one{std::string_view{"one"}};
  const std::vector<Value> two{std::string_view{"one"}, std::string_view{"two"}};
  EXPECT_THROW(run_raw(database, "SELECT $1, $2", one, 2), Fault);
  EXPECT_THROW(run_raw(database, "SELECT $1", two, 1), Fault);
  EXPECT_THROW(run_raw(database, "SELECT $1, $3", two, 2), Fault);
  EXPECT_THROW(run_raw(database, "SELECT $1", one, 2), Fault);
  EXPECT_THROW(run_raw(database, "SELECT $1; SELECT 2", one, 1), Fault);
  EXPECT_THROW(run_raw(database, "SELEC $1", one, 1), Fault);
}

struct Kinds {
  SessionId id;
  std::optional<bool> flag;
  std::optional<std::int64_t> number;
  std::optional<std::string> words;
  std::optional<Bytes> raw;
};
BOOST_DESCRIBE_STRUCT(Kinds, (), (id, flag, number, words, raw))

constexpr Statement<Affected, SessionId, std::optional<bool>, std::optional<std::int64_t>,
                    std::optional<std::string>, std::optional<Bytes>>
    insert_kinds{"INSERT INTO kinds (id, flag, number, words, raw) VALUES ($1, $2, $3, $4, $5)"};
constexpr Statement<std::optional<Kinds>, SessionId> find_kinds{
    "SELECT id, flag, number, words, raw FROM kinds WHERE id = $1"};

TEST_P(Conformance, every_kind_of_value_comes_back_as_it_went) {
  const std::vector<Kinds> cases{
      {SessionId{{1}}, true, std::numeric_limits<std::int64_t>::max(), "grüße \U0001F511",
       Bytes{0, 1, 255, 0}},
      {SessionId{{2}}, false, std::numeric_limits<std::int64_t>::min(), "", Bytes{}},
      {SessionId{{3}}, std::nullopt, std::nullopt, std::nullopt, std::nullopt},
      {SessionId{{4}}, true, 0, std::string(60000, 'x'), Bytes(100000, 7)},
      {SessionId{{5}}, true, 0, "123", Bytes{'1', '2'}},
  };
  for (const Kinds& in : cases) {
    EXPECT_EQ(database.run_now(insert_kinds, in.id, in.flag, in.number, in.words, in.raw).rows, 1);
    const auto out = database.run_now(find_kinds, in.id);
    ASSERT_TRUE(out.has_value());
    EXPECT_EQ(out->id, in.id);
    EXPECT_EQ(out->flag, in.flag);
    EXPECT_EQ(out->number, in.number);
    EXPECT_EQ(out->words, in.words);
    EXPECT_EQ(out->raw, in.raw);
  }
}

TEST_P(Conformance, strong_types_come_back_as_they_went) {
  static constexpr Statement<Affected, SessionId, Timestamp, Role> insert{
      "INSERT INTO kinds (id, number, words) VALUES ($1, $2, $3)"};
  static constexpr Statement<std::optional<Timestamp>, SessionId> find_time{
      "SELECT number FROM kinds WHERE id = $1"};
  static constexpr Statement<std::optional<Microseconds>, SessionId> find_span{
      "SELECT number FROM kinds WHERE id = $1"};
  static constexpr Statement<std::optional<Role>, SessionId> find_role{
      "SELECT words FROM kinds WHERE id = $1"};
  static constexpr Statement<std::optional<std::array<std::uint8_t, 16>>, SessionId> find_array{
      "SELECT id FROM kinds WHERE id = $1"};
  const SessionId id{{9, 8, 7}};
  const Timestamp at{Microseconds{1'769'846'400'123'456}};
  database.run_now(insert, id, at, Role::moderator);
  EXPECT_EQ(database.run_now(find_time, id), at);
  EXPECT_EQ(database.run_now(find_span, id), at.time_since_epoch());
  EXPECT_EQ(database.run_now(find_role, id), Role::moderator);
  EXPECT_EQ(database.run_now(find_array, id), id.bytes);
}

TEST_P(Conformance, a_wrong_column_type_or_an_unexpected_null_is_a_fault) {
  static constexpr Statement<std::optional<std::int64_t>, SessionId> number_as_it_is{
      "SELECT number FROM kinds WHERE id = $1"};
  static constexpr Statement<std::optional<std::string>, SessionId> text_from_number{
      "SELECT number FROM kinds WHERE id = $1"};
  static constexpr Statement<std::optional<std::int64_t>, SessionId> number_from_text{
      "SELECT words FROM kinds WHERE id = $1"};
  static constexpr Statement<std::optional<Bytes>, SessionId> bytes_from_text{
      "SELECT words FROM kinds WHERE id = $1"};
  static constexpr Statement<std::optional<Role>, SessionId> role_from_text{
      "SELECT words FROM kinds WHERE id = $1"};
  static constexpr Statement<std::optional<SessionId>, SessionId> id_from_bytes{
      "SELECT raw FROM kinds WHERE id = $1"};
  static constexpr Statement<std::optional<std::int32_t>, SessionId> narrow{
      "SELECT number FROM kinds WHERE id = $1"};
  const SessionId id{{1}};
  database.run_now(insert_kinds, id, true, std::int64_t{1} << 40, "guest", Bytes{1, 2, 3});
  EXPECT_EQ(database.run_now(number_as_it_is, id), std::int64_t{1} << 40);
  EXPECT_THROW(database.run_now(text_from_number, id), Fault);
  EXPECT_THROW(database.run_now(number_from_text, id), Fault);
  EXPECT_THROW(database.run_now(bytes_from_text, id), Fault);
  EXPECT_THROW(database.run_now(role_from_text, id), Fault);
  EXPECT_THROW(database.run_now(id_from_bytes, id), Fault);
  EXPECT_THROW(database.run_now(narrow, id), Fault);
  const SessionId empty{{2}};
  database.run_now(insert_kinds, empty, std::nullopt, std::nullopt, std::nullopt, std::nullopt);
  EXPECT_THROW(database.run_now(number_as_it_is, empty), Fault);
}

TEST_P(Conformance, results_are_none_one_many_or_a_count) {
  EXPECT_EQ(database.run_now(find_item, "a"), std::nullopt);
  EXPECT_TRUE(database.run_now(list_items).empty());
  const auto first = database.run_now(insert_item, "a", 1);
  const auto second = database.run_now(insert_item, "b", 2);
  ASSERT_TRUE(first && second);
  EXPECT_LT(*first, *second);
  EXPECT_EQ(database.run_now(insert_item, "a", 3), std::nullopt) << "ON CONFLICT DO NOTHING returns no row";
  EXPECT_EQ(database.run_now(find_item, "b")->amount, 2);
  EXPECT_EQ(database.run_now(list_items).size(), 2U);
  static constexpr Statement<Affected, std::int64_t> raise{"UPDATE items SET amount = amount + $1"};
  EXPECT_EQ(database.run_now(raise, 10).rows, 2);
  static constexpr Statement<std::optional<std::int64_t>> any{"SELECT id FROM items"};
  EXPECT_THROW(database.run_now(any), Fault) << "two rows where at most one was promised";
}

TEST_P(Conformance, an_identity_is_never_given_again) {
  static constexpr Statement<Affected> clear{"DELETE FROM items"};
  const auto first = database.run_now(insert_item, "a", 1);
  database.run_now(clear);
  EXPECT_GT(database.run_now(insert_item, "a", 1), first);
}

TEST_P(Conformance, foreign_keys_are_enforced_and_cascade) {
  static constexpr Statement<Affected, std::int64_t> insert_part{"INSERT INTO parts (item) VALUES ($1)"};
  static constexpr Statement<std::optional<std::int64_t>> count_parts{"SELECT count(*) FROM parts"};
  static constexpr Statement<Affected, std::int64_t> delete_item{"DELETE FROM items WHERE id = $1"};
  EXPECT_THROW(database.run_now(insert_part, 77), ConstraintViolation);
  const auto item = database.run_now(insert_item, "a", 1);
  database.run_now(insert_part, *item);
  EXPECT_EQ(database.run_now(delete_item, *item).rows, 1);
  EXPECT_EQ(database.run_now(count_parts), 0);
}

TEST_P(Conformance, a_transaction_sees_its_own_writes_and_commits_what_it_returns) {
  auto work = [](Tx& tx) {
    tx.run(insert_item, "a", 1);
    tx.run(add_one, "a");
    return tx.run(find_amount, "a").value();
  };
  EXPECT_EQ(database.write_now(work), 2);
  EXPECT_EQ(database.run_now(find_amount, "a"), 2);
}

TEST_P(Conformance, a_denial_commits_and_an_exception_rolls_back) {
  auto denied = [](Tx& tx) -> Result<int> {
    tx.run(insert_item, "counted", 1);
    return ErrorCode::forbidden;
  };
  const Result<int> answer = database.write_now(denied);
  EXPECT_TRUE(answer.has_error());
  EXPECT_EQ(database.run_now(find_amount, "counted"), 1);

  struct Bug {};
  auto failing = [](Tx& tx) -> int {
    tx.run(insert_item, "lost", 1);
    throw Bug{};
  };
  EXPECT_THROW(database.write_now(failing), Bug);
  EXPECT_EQ(database.run_now(find_amount, "lost"), std::nullopt);
}

Task<int> write_many(Database& database, int first, int count, std::atomic<int>& failures) {
  int written = 0;
  for (int i = first; i < first + count; ++i) {
    const std::string name = "item " + std::to_string(i);
    auto work = [&name, i](Tx& tx) {
      tx.run(insert_item, name, i);
      if (i % 5 == 0) throw std::runtime_error("every fifth");
      if (i % 7 == 0) tx.run(insert_item_strictly, name, i);
      return i;
    };
    try {
      const int answer = co_await database.write(work);
      EXPECT_EQ(answer, i);
      ++written;
    } catch (const ConstraintViolation&) {
      ++failures;
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "every fifth");
      ++failures;
    }
  }
  co_return written;
}

TEST_P(Conformance, in_a_shared_batch_each_failure_rolls_back_itself_alone) {
  Loop loop(database);
  std::atomic<int> failures = 0;
  std::vector<std::future<int>> all;
  constexpr int writers = 16;
  constexpr int each = 35;
  for (int i = 0; i < writers; ++i) all.push_back(loop.start(write_many(database, i * each, each, failures)));
  int written = 0;
  for (auto& one : all) written += one.get();
  EXPECT_EQ(written + failures, writers * each);
  const auto items = database.run_now(list_items);
  EXPECT_EQ(static_cast<int>(items.size()), written);
  for (const Item& item : items) EXPECT_TRUE(item.amount % 5 != 0 && item.amount % 7 != 0) << item.amount;
}

Task<std::vector<std::int64_t>> read_twice(Database& database, std::function<void()> between) {
  auto work = [&](Tx& tx) {
    std::vector<std::int64_t> seen{tx.run(count_items).value()};
    between();
    seen.push_back(tx.run(count_items).value());
    return seen;
  };
  co_return co_await database.read(work);
}

TEST_P(Conformance, reads_of_one_work_share_a_snapshot_and_can_not_write) {
  Loop loop(database);
  auto insert = [this] { database.run_now(insert_item, "between", 1); };
  EXPECT_EQ(loop.run(read_twice(database, insert)), (std::vector<std::int64_t>{0, 0}));
  EXPECT_EQ(loop.run(read_twice(database, [] {})), (std::vector<std::int64_t>{1, 1}));
  auto writing = [](Tx& tx) { return tx.run(add_one, "between"); };
  EXPECT_THROW(database.read_now(writing), Fault);
}

Task<bool> see_own_writes(Database& database, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    const auto before = co_await database.run(find_amount, "shared");
    const auto written = co_await database.run(add_one, "shared");
    const auto after = co_await database.run(find_amount, "shared");
    if (!(before.value() < written.value() && written.value() <= after.value())) co_return false;
  }
  co_return true;
}

TEST_P(Conformance, a_caller_sees_what_it_has_written) {
  database.run_now(insert_item, "shared", 0);
  Loop first(database);
  Loop second(database);
  std::vector<std::future<bool>> all;
  for (int i = 0; i < 8; ++i)
    all.push_back((i % 2 == 0 ? first : second).start(see_own_writes(database, 25)));
  for (auto& one : all) EXPECT_TRUE(one.get());
  EXPECT_EQ(database.run_now(find_amount, "shared"), 200);
}

/// Writes, and tells others through an atomic what has been answered.
Task<int> announce(Database& database, int rounds, std::atomic<std::int64_t>& answered) {
  for (int i = 0; i < rounds; ++i) {
    const auto amount = co_await database.run(add_one, "shared");
    answered.store(amount.value());
  }
  co_return rounds;
}

/// Busy readers in the same turn of their loop, too: each must see at least what was answered before it
/// asked.
Task<int> watch(Database& database, std::atomic<std::int64_t>& answered, std::int64_t last) {
  const auto executor = co_await asio::this_coro::executor;
  constexpr asio::use_awaitable_t<IoExecutor> here;
  int stale = 0;
  for (std::int64_t seen = 0; seen < last;) {
    const std::int64_t expected = answered.load();
    const auto amount = co_await database.run(find_amount, "shared");
    seen = amount.value();
    if (seen < expected) ++stale;
    co_await asio::post(executor, here);
  }
  co_return stale;
}

TEST_P(Conformance, what_was_answered_is_seen_at_once_by_every_thread) {
  database.run_now(insert_item, "shared", 0);
  Loop writing(database);
  Loop reading(database);
  std::atomic<std::int64_t> answered = 0;
  constexpr int rounds = 300;
  auto watcher = reading.start(watch(database, answered, rounds));
  auto second = reading.start(watch(database, answered, rounds));
  EXPECT_EQ(writing.run(announce(database, rounds, answered)), rounds);
  EXPECT_EQ(watcher.get(), 0);
  EXPECT_EQ(second.get(), 0);
}

Task<int> consume_once(Database& database) {
  static constexpr Statement<std::optional<std::int64_t>, std::string_view> consume{
      "DELETE FROM items WHERE name = $1 RETURNING id"};
  const auto taken = co_await database.run(consume, "ticket");
  co_return taken.has_value() ? 1 : 0;
}

TEST_P(Conformance, D01_of_a_hundred_that_consume_one_row_one_succeeds) {
  Loop first(database);
  Loop second(database);
  for (int round = 0; round < 5; ++round) {
    database.run_now(insert_item, "ticket", 0);
    std::vector<std::future<int>> all;
    for (int i = 0; i < 100; ++i) all.push_back((i % 2 == 0 ? first : second).start(consume_once(database)));
    int successes = 0;
    for (auto& one : all) successes += one.get();
    EXPECT_EQ(successes, 1);
  }
}

TEST_P(Conformance, blocking_writers_of_many_threads_each_get_their_answer) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 50; ++i)
        database.run_now(insert_item, std::to_string(t) + "/" + std::to_string(i), i);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(database.run_now(count_items), 200);
}

TEST_P(Conformance, awaiting_on_a_thread_that_is_not_attached_is_a_bug) {
  asio::io_context io{1};
  auto count = asio::co_spawn(io, database.run(count_items), asio::use_future);
  io.run();
  EXPECT_THROW(count.get(), std::logic_error);
}

}  // namespace
}  // namespace latchkey::db::test::conformance_test
