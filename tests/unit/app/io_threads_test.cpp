#include "app/io_threads.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/refusal.h"
#include "db/sqlite/driver.h"
#include "http/router.h"
#include "support/databases.h"

namespace latchkey::app {
namespace {

TEST(IoThreads, F04_AThreadThatFindsNoWayToTheDatabaseIsARefusalAndNoneStays) {
  const db::test::TempDir directory;
  db::Database database(db::sqlite::open_sqlite({.directory = directory.path()}));
  const http::Router router({});
  const Clock clock;
  IoThreads threads(4, {.listen = {"127.0.0.1", 0}, .management = std::nullopt},
                    {.router = router,
                     .management_router = router,
                     .clock = clock,
                     .options = {},
                     .access = {},
                     .bounds = {}});
  rlimit saved{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &saved), 0);
  const int next = ::dup(0);
  ::close(next);
  // Room for one thread's way to the database, not for four.
  const rlimit tight{.rlim_cur = static_cast<rlim_t>(next) + 3, .rlim_max = saved.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  std::string said;
  try {
    threads.start(database);
  } catch (const StartRefused& refusal) {
    said = refusal.what();
  }
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &saved), 0);
  EXPECT_TRUE(said.starts_with("a thread has no connection to the database: ")) << said;
}

}  // namespace
}  // namespace latchkey::app
