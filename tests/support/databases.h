#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>

#include "db/driver.h"
#include "db/postgres/driver.h"
#include "db/sqlite/driver.h"

/// What tests that run on every database share: each test has one of its own, empty, which goes with it.
namespace latchkey::db::test {

/// A directory of its own, on a real disk, that goes with the test.
class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "latchkey-db-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = pattern;
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A database that the suites run on.
struct Backend {
  std::string name;
  std::function<std::unique_ptr<Driver>(const std::filesystem::path&)> open;
};

/// How a failing test names it.
inline void PrintTo(const Backend& backend, std::ostream* out) { *out << backend.name; }

inline std::unique_ptr<Driver> open_test_sqlite(const std::filesystem::path& directory) {
  sqlite::SqliteOptions options;
  options.directory = directory;
  return sqlite::open_sqlite(options);
}

/// An empty database of the PostgreSQL that LATCHKEY_TEST_POSTGRES names (tests/support/postgres.py). Without
/// one it skips the test, which then gets a SQLite that it does not use.
std::unique_ptr<Driver> open_test_postgres(const std::filesystem::path& directory);
/// The options for one more driver on the database that `open_test_postgres` made last.
postgres::PostgresOptions test_postgres_options();

/// The databases that a suite runs on.
#define LATCHKEY_ON_EVERY_DATABASE(suite)                                                               \
  INSTANTIATE_TEST_SUITE_P(                                                                             \
      All, suite,                                                                                       \
      testing::Values(latchkey::db::test::Backend{"sqlite", latchkey::db::test::open_test_sqlite},      \
                      latchkey::db::test::Backend{"postgres", latchkey::db::test::open_test_postgres}), \
      [](const auto& backend) { return backend.param.name; })

}  // namespace latchkey::db::test
