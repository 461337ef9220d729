// What several nodes on one database, and one on a machine whose clock is wrong, agree on. Each test has a
// database of its own.

#include <atomic>

#include "db/migrate.h"
#include "store/db/fixture.h"

namespace latchkey::db::test::postgres_nodes_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using SteadyClock = std::chrono::steady_clock;

constexpr Statement<std::optional<std::int64_t>> end_all_others{
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"};

class PostgresNodes : public testing::Test {
 protected:
  TempDir directory;
  Database database{open_test_postgres(directory.path())};
};

TEST_F(PostgresNodes, Z17_of_nodes_that_migrate_at_once_one_does_and_the_others_wait) {
  const EmbeddedFile files[] = {
      {"0001_slow.sql",
       "CREATE TABLE once (id IDENTITY); SELECT pg_sleep(0.3); INSERT INTO once DEFAULT VALUES;"},
      {"0002_more.sql", "INSERT INTO once DEFAULT VALUES;"}};
  const Checksum checksum = [](std::string_view body) { return std::to_string(body.size()); };
  constexpr int nodes = 4;
  std::vector<std::unique_ptr<Database>> databases;
  for (int i = 0; i < nodes; ++i)
    databases.push_back(std::make_unique<Database>(postgres::open_postgres(test_postgres_options())));
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (auto& node : databases) {
    threads.emplace_back([&] {
      if (migrate(*node, files, checksum, Timestamp{}).to == 2) ++done;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(done, nodes);
  static constexpr Statement<std::optional<std::int64_t>> count{"SELECT count(*) FROM once"};
  EXPECT_EQ(database.run_now(count), 2);
}

TEST_F(PostgresNodes, one_node_leads_and_another_takes_over_when_it_goes) {
  ASSERT_TRUE(database.leads());
  auto second = std::make_unique<Database>(postgres::open_postgres(test_postgres_options()));
  EXPECT_FALSE(second->leads());
  auto visiting = test_postgres_options();
  visiting.role = postgres::PostgresRole::visitor;
  Database visitor(postgres::open_postgres(std::move(visiting)));
  // The leader's connection dies: whoever gets the lead, one of the two has it in the end.
  Database other(postgres::open_postgres(test_postgres_options()));
  other.run_now(end_all_others);
  const auto deadline = SteadyClock::now() + seconds(15);
  const auto leaders = [&] { return int{database.leads()} + int{second->leads()} + int{other.leads()}; };
  while (leaders() != 1 && SteadyClock::now() < deadline) std::this_thread::sleep_for(milliseconds(20));
  EXPECT_EQ(leaders(), 1);
  EXPECT_FALSE(visitor.leads());
}

TEST_F(PostgresNodes, D11_a_clock_that_is_wrong_follows_the_database) {
  Clock clock;
  clock.follow(clock.machine_time() - Clock::time_since_boot() + std::chrono::minutes(5));
  auto options = test_postgres_options();
  options.clock = &clock;
  Database node(postgres::open_postgres(std::move(options)));
  static constexpr Statement<std::optional<std::int64_t>> ask{
      "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"};
  const Timestamp there{Microseconds{node.run_now(ask).value()}};
  EXPECT_LT(std::chrono::abs(clock.now() - there), seconds(1));
}

}  // namespace
}  // namespace latchkey::db::test::postgres_nodes_test
