// What `latchkey move` needs of a store: that it knows every table, that it can hold writes and follow
// changes, and that its statements mean the same on both databases.
#include "move/marks.h"

#include <chrono>
#include <thread>

#include "app/features.h"
#include "db/error.h"
#include "move/tables.h"
#include "store/fixture.h"
#include "store/state.h"

namespace latchkey::store::test {
namespace {

namespace marks = move::marks;
namespace of_tables = move::tables;

using db::Cell;
using db::Row;

class MovesTest : public StoreTest {
 protected:
  bool on_sqlite() const { return GetParam().name == "sqlite"; }
  db::Dialect dialect() const { return on_sqlite() ? db::Dialect::sqlite : db::Dialect::postgres; }
  db::Tables tables() const { return app::tables(); }
  of_tables::StatementsOfAll statements() const { return of_tables::make_statements(tables(), dialect()); }
  /// As a move opens it: on PostgreSQL with a session of its own.
  std::unique_ptr<db::Side> open_side() {
    if (on_sqlite()) return db::make_side(database, dialect());
    return db::open_postgres_side(db::test::test_postgres_options().url);
  }
  std::int64_t run(db::Side& side, const of_tables::Text& text, const Row& parameters) {
    std::int64_t changed = 0;
    side.write([&](db::Connection& connection) {
      const std::vector<Row> one{parameters};
      changed = side.run_each(connection, *text, one, [](std::size_t, std::span<const db::Value>) {}).front();
    });
    return changed;
  }
};

LATCHKEY_ON_EVERY_DATABASE(MovesTest);

// A migration that adds a table or a column fails here until store/tables.cpp or a feature has it, too.
TEST_P(MovesTest, KnowsEveryTableAndColumnOfTheMigrations) {
  const auto side = open_side();
  EXPECT_EQ(of_tables::compare_with_schema(*side, tables()), std::vector<std::string>{});
}

TEST_P(MovesTest, NoticesWhatItDoesNotKnow) {
  db::test::run_script(database, "CREATE TABLE forgotten (id BIGINT NOT NULL PRIMARY KEY)");
  db::test::run_script(database, "ALTER TABLE users ADD COLUMN nickname TEXT");
  const auto differences = of_tables::compare_with_schema(*open_side(), tables());
  ASSERT_FALSE(differences.empty());
  EXPECT_EQ(differences.front(), "column users.nickname is not known");
  // PostgreSQL may hold tables of others; that ours are all known SQLite tells.
  if (on_sqlite()) {
    EXPECT_EQ(differences.back(), "table forgotten is not known");
  }
}

TEST_P(MovesTest, RowsComeBackAsTheyWereWritten) {
  const auto side = open_side();
  const auto all = statements();
  const auto& users = *all.front();
  const Row row{std::int64_t{7},
                Bytes(16, 3),
                std::string("a@b"),
                std::string("a@b"),
                std::string("näme"),
                Cell{},
                std::string(),
                std::string("user"),
                true,
                false,
                Cell{},
                std::int64_t{1},
                std::int64_t{-2},
                std::int64_t{3},
                std::int64_t{4},
                std::int64_t{5},
                std::int64_t{6},
                std::int64_t{7},
                std::int64_t{8},
                std::int64_t{9},
                true,
                std::string("pt-BR"),
                std::int64_t{10},
                std::int64_t{11},
                std::int64_t{12},
                true,
                std::int64_t{13}};
  EXPECT_EQ(run(*side, users.insert, row), 1);
  EXPECT_EQ(run(*side, users.insert, row), 0) << "what is there stays";
  Row found;
  side->read([&](db::Connection& connection) {
    const std::vector<Row> key{{std::int64_t{7}}};
    side->run_each(connection, *users.find, key, [&](std::size_t, std::span<const db::Value> columns) {
      found.clear();
      for (std::size_t i = 0; i < columns.size(); ++i)
        found.push_back(db::keep(columns[i], users.table.columns[i].type));
    });
  });
  EXPECT_EQ(found, row);

  Row other = row;
  other[4] = std::string("another");
  EXPECT_EQ(run(*side, users.put, other), 1);
  EXPECT_EQ(find(UserId{7}).username, "another");
  EXPECT_EQ(run(*side, users.remove, {std::int64_t{7}}), 1);
}

TEST_P(MovesTest, AChildWithoutItsParentIsNotWritten) {
  const auto side = open_side();
  const auto all = statements();
  const auto& mails = *all[2];
  ASSERT_EQ(mails.table.name, "outbox");
  const Row row{Bytes(16, 1),    std::int64_t{99}, std::string("confirmation"),
                std::int64_t{1}, std::int64_t{1},  std::int64_t{0},
                false,           std::string()};
  EXPECT_EQ(run(*side, mails.insert, row), 0);
  EXPECT_EQ(run(*side, mails.put, row), 0);
}

TEST_P(MovesTest, IdsGoOnBehindTheLastThatWasGiven) {
  const auto side = open_side();
  const auto& users = tables().front();
  side->write([&](db::Connection& connection) { of_tables::set_last_id(connection, dialect(), users, 41); });
  EXPECT_EQ(add("first@example.com").value, 42);
  side->write([&](db::Connection& connection) { of_tables::clear(connection, dialect(), tables()); });
  side->write([&](db::Connection& connection) { of_tables::set_last_id(connection, dialect(), users, 0); });
  EXPECT_EQ(add("first@example.com").value, 1);
}

TEST_P(MovesTest, TellsWhichTablesAreUsed) {
  const auto side = open_side();
  EXPECT_TRUE(of_tables::list_used(*side, tables()).empty()) << "what migrations put there does not count";
  queue_mail(add("a@example.com"), now);
  EXPECT_EQ(of_tables::list_used(*side, tables()), (std::vector<std::string_view>{"users", "mails"}));
}

TEST_P(MovesTest, TextsStayWhereTheyAre) {
  const auto address = [&] { return (*statements().front()->list_first).sql.data(); };
  EXPECT_EQ(address(), address()) << "a connection knows what it has prepared by the address of the text";
}

TEST_P(MovesTest, HeldWritesAreRefusedAndReadsAreNot) {
  const auto side = open_side();
  const UserId user = add("a@example.com");
  marks::begin_log(*side, tables());
  marks::hold_writes(*side, tables());
  EXPECT_THROW(add("b@example.com"), Unavailable);
  EXPECT_THROW(open(user), Unavailable);
  EXPECT_THROW(database.run_now(users::delete_user, user), Unavailable);
  EXPECT_THROW(database.run_now(state::update_dummy), Unavailable);
  EXPECT_EQ(find(user).email, "a@example.com");
  marks::release(*side, tables());
  add("b@example.com");
}

TEST_P(MovesTest, AHoldForEverOutlivesWhoHolds) {
  auto side = open_side();
  marks::begin_log(*side, tables());
  marks::hold_writes(*side, tables());
  const marks::MoveId id{};
  side->write([&](db::Connection& connection) {
    db::Tx(connection).run(marks::insert_mark, id, marks::leaving, "elsewhere", now);
    marks::hold_for_ever(connection, dialect());
  });
  side.reset();
  marks::clear_remains(*db::make_side(database, dialect()), tables());
  EXPECT_THROW(add("b@example.com"), Unavailable);
  side = open_side();
  marks::release(*side, tables());
  EXPECT_TRUE(database.run_now(marks::list_barring).empty())
      << "who lets writes in takes the mark back with it";
  add("b@example.com");
}

TEST_P(MovesTest, AMoveThatWasKilledLeavesNothingBehind) {
  {
    const auto side = open_side();
    marks::begin_log(*side, tables());
    marks::hold_writes(*side, tables());
  }
  marks::clear_remains(*db::make_side(database, dialect()), tables());
  add("a@example.com");
  const auto side = open_side();
  EXPECT_EQ(of_tables::compare_with_schema(*side, tables()), std::vector<std::string>{});
  marks::begin_log(*side, tables());
  marks::hold_writes(*side, tables());
  EXPECT_THROW(add("b@example.com"), Unavailable);
  marks::release(*side, tables());
}

TEST_P(MovesTest, WhereTheMoverIsGoneWritesGoOnAndNothingIsWrittenDown) {
  if (on_sqlite()) GTEST_SKIP() << "who moves is the server itself";
  {
    const auto side = open_side();
    marks::begin_log(*side, tables());
    marks::hold_writes(*side, tables());
  }
  const auto side = open_side();
  // The server notices a session that has ended by and by.
  for (int tried = 0;; ++tried) {
    try {
      add("a@example.com");
      break;
    } catch (const Unavailable&) {
      ASSERT_LT(tried, 100);
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  marks::Log log(tables());
  log.read_on(*side);
  EXPECT_EQ(log.size(), 0U) << "it would grow for ever";
  // What stands there still does not let the next mover miss anything.
  marks::begin_log(*side, tables());
  const UserId next = add("b@example.com");
  log.read_on(*side);
  EXPECT_EQ(log.changed(0), (std::set<Cell>{next.value}));
  marks::release(*side, tables());
}

TEST_P(MovesTest, OneMoveAtATime) {
  if (on_sqlite()) GTEST_SKIP() << "the lock of the data directory sees to that";
  const auto first = open_side();
  EXPECT_TRUE(marks::take_turn(*first));
  EXPECT_FALSE(marks::take_turn(*open_side()));
}

TEST_P(MovesTest, TheLogNamesWhatChangesCascadesIncluded) {
  const auto side = open_side();
  const UserId gone = add("gone@example.com");
  const SessionId session = open(gone);
  const UserId silent = add("silent@example.com");
  marks::begin_log(*side, tables());
  marks::Log log(tables());
  log.read_on(*side);
  EXPECT_EQ(log.size(), 0U);
  database.run_now(users::delete_user, gone);
  const UserId newer = add("newer@example.com");
  database.run_now(users::update_is_active, false, now, newer);
  log.read_on(*side);
  EXPECT_EQ(log.changed(0), (std::set<Cell>{gone.value, newer.value}));
  EXPECT_EQ(log.changed(1), (std::set<Cell>{Bytes(session.bytes.begin(), session.bytes.end())}));
  log.changed(0).clear();
  database.run_now(users::update_is_active, false, now, silent);
  log.read_on(*side);
  EXPECT_EQ(log.changed(0), (std::set<Cell>{silent.value}));
  marks::release(*side, tables());
}

TEST_P(MovesTest, AChangeThatIsCommittedLateIsNotMissed) {
  if (on_sqlite()) GTEST_SKIP() << "it commits one after the other";
  const auto side = open_side();
  const auto slow = open_side();
  const UserId first = add("first@example.com");
  marks::begin_log(*side, tables());
  marks::Log log(tables());
  UserId early;
  slow->write([&](db::Connection& connection) {
    connection.execute_script("UPDATE users SET username = 'late' WHERE id = " + std::to_string(first.value));
    early = add("second@example.com");
    log.read_on(*side);
    EXPECT_EQ(log.changed(0), (std::set<Cell>{early.value}));
    log.changed(0).clear();
  });
  log.read_on(*side);
  EXPECT_EQ(log.changed(0), (std::set<Cell>{first.value}));
  marks::release(*side, tables());
}

TEST_P(MovesTest, AHoldWaitsForWritesThatAreUnderWay) {
  if (on_sqlite()) GTEST_SKIP() << "it has one writer";
  const auto side = open_side();
  const auto slow = open_side();
  const UserId user = add("a@example.com");
  marks::begin_log(*side, tables());
  std::thread holder;
  slow->write([&](db::Connection& connection) {
    connection.execute_script("UPDATE users SET username = 'late' WHERE id = " + std::to_string(user.value));
    holder = std::thread([&] { marks::hold_writes(*side, tables()); });
    for (int tried = 0; tried < 100; ++tried) {
      try {
        database.run_now(state::update_dummy);
      } catch (const Unavailable&) {
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    ADD_FAILURE() << "new writes were not refused";
  });
  holder.join();
  marks::Log log(tables());
  log.read_on(*side);
  EXPECT_EQ(log.changed(0), (std::set<Cell>{user.value}));
  marks::release(*side, tables());
}

TEST(PostgresNames, HoldNoPasswordAndNoOptions) {
  const auto name = [](std::string_view url) { return db::describe_postgres(Secret(url)); };
  EXPECT_EQ(name("postgresql://ann:secret@db1:5432,db2:5433/auth?sslmode=require&password=other"),
            "postgresql://ann@db1:5432,db2:5433/auth");
  EXPECT_EQ(name("postgresql:///auth?host=/run/postgresql"), "postgresql:///run/postgresql/auth");
  for (const char* url : {"postgresql://ann:sec%ret@db1:5432/auth", "postgresql://ann:sec@ret@db1:5432/auth",
                          "postgresql://ann:sec/ret@db1:5432/auth"}) {
    try {
      name(url);
      FAIL() << "a URL that is none";
    } catch (const db::Fault& fault) {
      EXPECT_EQ(std::string(fault.what()).find("sec"), std::string::npos);
      EXPECT_EQ(std::string(fault.what()).find("ret"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace latchkey::store::test
