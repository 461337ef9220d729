// What the database layer does at most on this machine, with nothing above it: durable writes and look-ups a
// second through `db::Database`, by the number of callers that wait at once. Prints one line a case.
//
//   db_limit [DIRECTORY [SECONDS]]
//
// Two event loops, as a server on two cores has. One caller shows what a commit costs, many show what sharing
// it gives.

#include <sys/resource.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdio>
#include <filesystem>
#include <future>
#include <thread>

#include "db/database.h"
#include "db/sqlite/driver.h"

namespace latchkey::bench {
namespace {

using Id = std::array<std::uint8_t, 16>;

constexpr const char* schema =
    "CREATE TABLE lines (id BYTEA NOT NULL PRIMARY KEY, generation BIGINT NOT NULL, rotated_at BIGINT NOT "
    "NULL) "
    "WITHOUT ROWID;"
    "CREATE TABLE people (id IDENTITY, subject BYTEA NOT NULL UNIQUE, email TEXT NOT NULL UNIQUE, body TEXT "
    "NOT NULL)";
constexpr db::Statement<db::Affected, Id, std::string> insert_person{
    "INSERT INTO people (subject, email, body) VALUES ($1, $2, 'some two hundred bytes of an account')"};
constexpr db::Statement<db::Affected, Id> insert_line{
    "INSERT INTO lines (id, generation, rotated_at) VALUES ($1, 0, 0)"};
constexpr db::Statement<std::optional<std::int64_t>, std::int64_t, Id> advance{
    "UPDATE lines SET generation = generation + 1, rotated_at = $1 WHERE id = $2 RETURNING generation"};
constexpr db::Statement<std::optional<std::int64_t>, Id> find_generation{
    "SELECT generation FROM lines WHERE id = $1"};

constexpr std::uint64_t line_count = 200'000;

/// The n-th id: evenly spread, the same in every run.
Id id_of(std::uint64_t n) {
  Id id{};
  for (std::size_t i = 0; i < id.size(); ++i) {
    n = n * 6364136223846793005U + 1442695040888963407U;
    id[i] = static_cast<std::uint8_t>(n >> 56U);
  }
  return id;
}

struct Run {
  db::Database& database;
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> done{0};
  std::atomic<std::uint64_t> next{0};
};

Task<> insert_people(Run& run) {
  while (!run.stop) {
    const std::uint64_t n = run.next++;
    const std::string email = "user" + std::to_string(n) + "@example.com";
    const Id id = id_of(n);
    co_await run.database.run(insert_person, id, email);
    ++run.done;
  }
}
Task<> advance_lines(Run& run) {
  while (!run.stop) {
    const std::uint64_t n = run.next++ * 7919 % line_count;
    co_await run.database.run(advance, static_cast<std::int64_t>(n), id_of(n));
    ++run.done;
  }
}
Task<> advance_in_transactions(Run& run) {
  while (!run.stop) {
    const std::uint64_t n = run.next++ * 7919 % line_count;
    auto work = [n](db::Tx& tx) { return tx.run(advance, static_cast<std::int64_t>(n), id_of(n)); };
    co_await run.database.write(work);
    ++run.done;
  }
}
Task<> find_lines(Run& run) {
  const auto executor = co_await asio::this_coro::executor;
  constexpr asio::use_awaitable_t<IoExecutor> here;
  while (!run.stop) {
    const std::uint64_t n = run.next++ * 7919 % line_count;
    co_await run.database.run(find_generation, id_of(n));
    ++run.done;
    co_await asio::post(executor, here);  // the next turn of the loop, as the next request would be
  }
}

/// An event loop with its thread.
class Loop {
 public:
  explicit Loop(db::Database& database)
      : work_(io_.get_executor()), thread_([this, &database] {
          auto attachment = database.attach_thread(io_);
          io_.run();
        }) {}
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop() {
    work_.reset();
    thread_.join();
  }
  std::future<void> start(Task<> task) { return asio::co_spawn(io_, std::move(task), asio::use_future); }

 private:
  asio::io_context io_{1};
  asio::executor_work_guard<IoExecutor> work_;
  std::thread thread_;
};

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

void measure(db::Database& database, const char* name, Task<> (*caller)(Run&), int callers, double seconds) {
  static std::uint64_t first = 0;
  Run run{database};
  run.next = first;
  const auto commits_before = database.statistics().commits;
  const double cpu_before = cpu_seconds();
  const auto start = std::chrono::steady_clock::now();
  {
    Loop one(database);
    Loop two(database);
    std::vector<std::future<void>> all;
    for (int i = 0; i < callers; ++i) all.push_back((i % 2 == 0 ? one : two).start(caller(run)));
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    run.stop = true;
    for (auto& each : all) each.get();
  }
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  first = run.next;
  const auto done = static_cast<double>(run.done.load());
  const auto commits = static_cast<double>(database.statistics().commits - commits_before);
  std::printf("%-34s %4d callers %9.0f a second %7.1f in a commit %7.1f us of CPU each, log %llu pages\n",
              name, callers, done / took, commits == 0 ? 0 : done / commits,
              (cpu_seconds() - cpu_before) / done * 1e6,
              static_cast<unsigned long long>(database.statistics().log_pages));
  std::fflush(stdout);
}

int run(const std::filesystem::path& directory, double seconds) {
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  db::sqlite::SqliteOptions options;
  options.directory = directory;
  db::Database database(db::sqlite::open_sqlite(options));
  auto fill = [](db::Tx& tx) {
    tx.run_script(schema);
    for (std::uint64_t n = 0; n < line_count; ++n) tx.run(insert_line, id_of(n));
  };
  database.write_now(fill);
  for (const int callers : {1, 8, 64, 256}) {
    measure(database, "insert, two unique indexes", insert_people, callers, seconds);
    measure(database, "update by key, no index touched", advance_lines, callers, seconds);
    measure(database, "the same in a transaction", advance_in_transactions, callers, seconds);
    measure(database, "look up by key", find_lines, callers, seconds);
  }
  std::filesystem::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace latchkey::bench

int main(int argc, char** argv) {
  const std::string directory = argc > 1 ? argv[1] : "/var/tmp/latchkey-db-limit";
  return latchkey::bench::run(directory, argc > 2 ? std::atof(argv[2]) : 3.0);
}
