#include <libpq-fe.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <vector>

#include "support/databases.h"

namespace latchkey::db::test {
namespace {

std::string prefix() {
  const char* text = std::getenv("LATCHKEY_TEST_POSTGRES");  // NOLINT(concurrency-mt-unsafe)
  return text == nullptr ? "" : text;
}

void run_as_owner(const std::string& sql) {
  const std::string url = prefix() + "postgres";
  const char* const names[] = {"dbname", nullptr};
  const char* const values[] = {url.c_str(), nullptr};
  // The one that the program calls, too: src/db/postgres/libpq_on_demand.cpp has only those.
  const std::unique_ptr<PGconn, void (*)(PGconn*)> connection(PQconnectdbParams(names, values, 1), PQfinish);
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(connection.get(), sql.c_str()), PQclear);
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK)
    throw std::runtime_error(PQerrorMessage(connection.get()));
}

/// The databases that this process has made, until it ends.
class Made {
 public:
  ~Made() {
    for (const auto& name : names_) {
      try {
        run_as_owner("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
      } catch (const std::exception&) {
        // The server goes with the tests, and the database with it.
      }
    }
  }
  void make() {
    const std::string name = "test_" + std::to_string(::getpid()) + "_" + std::to_string(names_.size());
    run_as_owner("CREATE DATABASE " + name + " TEMPLATE template0");
    names_.push_back(name);
  }
  const std::string& last() const { return names_.back(); }

 private:
  std::vector<std::string> names_;
};

Made& made() {
  static Made databases;
  return databases;
}

}  // namespace

postgres::PostgresOptions test_postgres_options() {
  postgres::PostgresOptions options;
  options.url = Secret(prefix() + made().last());
  options.transaction_connections = 4;
  // Sanitizers are slow, and the tests come many at once.
  options.patience = std::chrono::seconds(10);
  return options;
}

std::unique_ptr<Driver> open_test_postgres(const std::filesystem::path& directory) {
  if (prefix().empty()) {
    // GTEST_SKIP returns, which a constructor's initialiser can not.
    testing::internal::AssertHelper(testing::TestPartResult::kSkip, __FILE__, __LINE__, "") =
        testing::Message() << "no PostgreSQL: tests/support/postgres.py with COMMAND starts one";
    return open_test_sqlite(directory);
  }
  made().make();
  return postgres::open_postgres(test_postgres_options());
}

}  // namespace latchkey::db::test
