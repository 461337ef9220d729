#include <poll.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "db/error.h"
#include "db/postgres/handle.h"
#include "db/postgres/url.h"
#include "db/postgres/values.h"
#include "db/side.h"

namespace latchkey::db::postgres {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// A table may be emptied, locked or counted: much more than a request ever asks for.
constexpr std::chrono::minutes statement_limit{30};

/// How often somebody who waits is asked whether he still does.
constexpr std::chrono::milliseconds ask_every{100};

/// A server that vanishes while it is asked must not be waited for; but a network that stops for some seconds
/// ends no copy, as it would end a request's.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> connection_limits{{
    {"keepalives_idle", "10"},
    {"keepalives_interval", "5"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "25000"},
}};

PostgresOptions patient(const Secret& url) {
  PostgresOptions options;
  options.url = with_parameters(url, connection_limits);
  options.statement_timeout = statement_limit;
  return options;
}

/// A session whose calls block until they are answered, or until who waits gives up.
class MoveSession final : public Connection {
 public:
  MoveSession(const Secret& url, WhileWaiting while_waiting)
      : while_waiting_(std::move(while_waiting)), handle_(connect_postgres(patient(url))) {
    notices_.listen_to(handle_.get());
  }

  std::int64_t execute(const StatementText& text, std::span<const Value> values, RowSink& sink) override {
    const std::string& name = prepare(text);
    send(name, values);
    const PostgresResult result = wait_for_last(text.sql);
    return read_rows(result.get(), text, sink);
  }
  void lock_schema() override { throw Fault("this session does not migrate"); }
  void execute_script(std::string_view sql) override { control(std::string(sql).c_str()); }

  PostgresResult control(const char* sql) {
    if (PQsendQuery(open(), sql) == 0) lose();
    return wait_for_last(sql);
  }
  void commit();
  void roll_back() noexcept {
    try {
      if (handle_) control("ROLLBACK");
    } catch (...) {
      // The next statement on this connection finds out what is wrong.
      handle_.reset();
    }
  }

  std::vector<std::int64_t> run_each(const StatementText& text, std::span<const Row> rows,
                                     const Side::TakeRow& take);

 private:
  const std::string& prepare(const StatementText& text);
  PGconn* open() const {
    if (!handle_) throw ConnectionLost("the session with the database is lost");
    return handle_.get();
  }
  void check(const PGresult* result, std::string_view sql) const {
    if (result == nullptr) lose();
    if (is_failure(result)) std::rethrow_exception(error_of(result, sql));
  }
  [[noreturn]] void lose() const { throw ConnectionLost(last_words(handle_.get())); }
  void send(const std::string& name, std::span<const Value> values);
  void wait_for_answer();
  PostgresResult wait_for_result();
  PostgresResult wait_for_last(std::string_view sql);
  std::exception_ptr take_answers(const StatementText& text, std::size_t count, const Side::TakeRow& take,
                                  std::vector<std::int64_t>& changed);

  const WhileWaiting while_waiting_;
  PostgresNotices notices_;
  PostgresHandle handle_;
  std::unordered_map<const char*, std::string> prepared_;
};

/// Until there is a result to take, or the connection is lost.
void MoveSession::wait_for_answer() {
  auto heard_at = SteadyClock::now();
  for (auto looked_at = heard_at;;) {
    const int unsent = PQflush(open());
    if (unsent < 0) lose();
    if (unsent == 0 && PQisBusy(handle_.get()) == 0) return;
    pollfd socket{.fd = PQsocket(handle_.get()),
                  .events = static_cast<short>(POLLIN | (unsent > 0 ? POLLOUT : 0)),
                  .revents = 0};
    const int ready = ::poll(&socket, 1, static_cast<int>(ask_every.count()));
    if (ready > 0 && !take_input(handle_.get()) && PQisBusy(handle_.get()) != 0) lose();
    const auto now = SteadyClock::now();
    if (ready > 0) heard_at = now;
    if (!while_waiting_ || now - looked_at < ask_every) continue;
    looked_at = now;
    try {
      while_waiting_(std::chrono::duration_cast<std::chrono::milliseconds>(now - heard_at));
    } catch (...) {
      handle_.reset();  // the answer may come yet, and must not be taken for that of another question
      throw;
    }
  }
}

PostgresResult MoveSession::wait_for_result() {
  wait_for_answer();
  return PostgresResult(PQgetResult(handle_.get()));
}

/// The result of the last of the statements that were sent together; throws its error.
PostgresResult MoveSession::wait_for_last(std::string_view sql) {
  PostgresResult last;
  while (PostgresResult next = wait_for_result()) last = std::move(next);
  check(last.get(), sql);
  return last;
}

void MoveSession::commit() {
  PostgresResult result;
  try {
    result = control("COMMIT");
  } catch (const Unavailable& error) {
    if (handle_ && PQstatus(handle_.get()) == CONNECTION_OK) throw;
    throw OutcomeUnknown("while committing: " + std::string(error.what()));
  }
  // After an error that the work has swallowed the server rolls back and says so.
  if (std::string_view(PQcmdStatus(result.get())) != "COMMIT") throw Unavailable("the transaction was lost");
  if (notices_.take_unreplicated()) throw OutcomeUnknown(unreplicated);
}

const std::string& MoveSession::prepare(const StatementText& text) {
  const auto found = prepared_.find(text.sql.data());
  if (found != prepared_.end()) return found->second;
  const PostgresTypes types(text.parameters);
  const std::string name = "m" + std::to_string(prepared_.size() + 1);
  if (PQsendPrepare(open(), name.c_str(), std::string(text.sql).c_str(), types.size(), types.data()) == 0)
    lose();
  wait_for_last(text.sql);
  return prepared_.emplace(text.sql.data(), name).first->second;
}

void MoveSession::send(const std::string& name, std::span<const Value> values) {
  const PostgresParameters parameters(values);
  if (PQsendQueryPrepared(open(), name.c_str(), parameters.size(), parameters.values(), parameters.lengths(),
                          parameters.formats(), 1) == 0) {
    lose();
  }
}

/// Everything up to the sync is read whatever goes wrong, so that the session stays of use; the first error.
std::exception_ptr MoveSession::take_answers(const StatementText& text, std::size_t count,
                                             const Side::TakeRow& take, std::vector<std::int64_t>& changed) {
  std::exception_ptr error;
  RowsAt sink(take);
  for (sink.at = 0; sink.at < count; ++sink.at) {
    while (const PostgresResult result = wait_for_result()) {
      if (error || PQresultStatus(result.get()) == PGRES_PIPELINE_ABORTED) continue;
      try {
        check(result.get(), text.sql);
        changed.push_back(read_rows(result.get(), text, sink));
      } catch (...) {
        error = std::current_exception();
      }
    }
    if (PQstatus(handle_.get()) != CONNECTION_OK) lose();
  }
  const PostgresResult sync = wait_for_result();
  if (PQresultStatus(sync.get()) != PGRES_PIPELINE_SYNC) lose();
  return error;
}

std::vector<std::int64_t> MoveSession::run_each(const StatementText& text, std::span<const Row> rows,
                                                const Side::TakeRow& take) {
  std::vector<std::int64_t> changed;
  std::vector<Value> values;
  const std::string& name = prepare(text);
  if (PQenterPipelineMode(open()) == 0) lose();
  for (const Row& row : rows) {
    values.clear();
    for (const Cell& cell : row) values.push_back(borrow(cell));
    send(name, values);
  }
  if (PQpipelineSync(handle_.get()) == 0) lose();
  const std::exception_ptr error = take_answers(text, rows.size(), take, changed);
  if (PQexitPipelineMode(handle_.get()) == 0) lose();
  if (error) std::rethrow_exception(error);
  return changed;
}

class PostgresSide final : public Side {
 public:
  PostgresSide(const Secret& url, WhileWaiting while_waiting) : session_(url, std::move(while_waiting)) {}

  Dialect dialect() const override { return Dialect::postgres; }
  void read(const Work& work) override { run("BEGIN ISOLATION LEVEL REPEATABLE READ", work); }
  void write(const Work& work) override { run("BEGIN ISOLATION LEVEL READ COMMITTED", work); }
  std::vector<std::int64_t> run_each(Connection&, const StatementText& statement,
                                     std::span<const Row> parameters, const TakeRow& take) override {
    return session_.run_each(statement, parameters, take);
  }

 private:
  void run(const char* begin, const Work& work) {
    session_.control(begin);
    try {
      work(session_);
    } catch (...) {
      session_.roll_back();
      throw;
    }
    session_.commit();
  }

  MoveSession session_;
};

/// Hosts and ports come as lists of the same length, or the one port is everybody's.
std::string join_addresses(const std::string& hosts, const std::string& ports) {
  std::string text;
  std::size_t port_at = 0;
  for (std::size_t at = 0; at <= hosts.size();) {
    const std::size_t end = std::min(hosts.find(',', at), hosts.size());
    const std::size_t port_end = std::min(ports.find(',', port_at), ports.size());
    const std::string host = hosts.substr(at, end - at);
    const std::string port = ports.substr(port_at, port_end - port_at);
    text += (text.empty() ? "" : ",") + host + (port.empty() ? "" : ":" + port);
    at = end + 1;
    if (port_end < ports.size()) port_at = port_end + 1;
  }
  return text;
}

}  // namespace

}  // namespace latchkey::db::postgres

namespace latchkey::db {

using namespace postgres;

std::unique_ptr<Side> open_postgres_side(const Secret& url, WhileWaiting while_waiting) {
  return std::make_unique<PostgresSide>(url, std::move(while_waiting));
}

std::string describe_postgres(const Secret& url) {
  const PostgresUrlOptions options = parse_postgres_url(url);
  std::unordered_map<std::string_view, std::string> parts;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) parts[option->keyword] = option->val;
  }
  if (parts["host"].empty()) parts["host"] = parts["hostaddr"];
  const std::string user = parts["user"].empty() ? "" : parts["user"] + "@";
  const std::string name = parts["dbname"].empty() ? "" : "/" + parts["dbname"];
  return "postgresql://" + user + join_addresses(parts["host"], parts["port"]) + name;
}

}  // namespace latchkey::db
