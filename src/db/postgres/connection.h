#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "db/connection.h"
#include "db/postgres/handle.h"
#include "db/postgres/health.h"

namespace latchkey::db::postgres {

/// A session that its thread blocks on, for transactions. Beside what `Connection` says it throws
/// `ConnectionLost` when the server is gone or does not answer in time, and `SerializationFailure`.
///
/// What needs no answer at once travels together with what does (libpq's pipeline mode): a transaction's
/// begin with its first statement, and what was given to `execute_later` with the next one that is waited
/// for, the commit at the latest. So a sign-up costs two round trips, not six.
class PostgresConnection final : public Connection {
 public:
  /// With `health` it does not wait for a server that answers nobody, and is open only in its own era.
  explicit PostgresConnection(const PostgresOptions& options, PostgresHealth* health = nullptr)
      : options_(options), health_(health) {}

  /// Throws `Unavailable`.
  void connect(const std::optional<PostgresHost>& first);
  void close();
  bool has_session() const { return handle_ != nullptr; }
  /// Notices, too, when the other side has closed it meanwhile.
  bool is_open();
  /// While it has a session.
  PostgresHost host() const { return host_of(handle_.get()); }

  enum class Access : std::uint8_t { read, write };
  /// A read sees one snapshot from its first statement on.
  void begin(Access access);
  /// Returns once it is durable. Throws `OutcomeUnknown` when the answer is lost, or leaves open whether it
  /// is.
  void commit();
  /// Closes the connection when it can not be done.
  void roll_back() noexcept;
  /// As `execute`, in a transaction of its own: throws `OutcomeUnknown` as `commit` does.
  void execute_alone(Job& job);

  std::int64_t execute(const StatementText& statement, std::span<const Value> values, RowSink& sink) override;
  void execute_later(const StatementText& statement, std::span<const Value> values) override;
  void lock_schema() override;
  void execute_script(std::string_view sql) override;

 private:
  /// A command that the server has been sent, or will be with the next sync, and whose answer is not read.
  struct Sent {
    std::string_view sql;
    const char* prepares = nullptr;  ///< the key in `prepared_` of what exists once this has gone well
    const char* runs = nullptr;      ///< the same of what this runs
  };
  void send_control(const char* sql);
  const std::string& send_prepare(const StatementText& text);
  struct Answers {
    PostgresResult last;
    std::exception_ptr error;
    std::size_t failed = 0;  ///< of those sent, the one that the error is about
  };
  PostgresResult finish_group();
  Answers read_group();
  void forget_unprepared(std::span<const Sent> failed);
  void enter_pipeline();
  void leave_pipeline();
  void control_alone(const char* sql);
  PostgresResult wait_for_result(std::string_view sql);
  void wait_for_socket(std::chrono::steady_clock::time_point begun);
  [[noreturn]] void lose(const std::string& why);
  bool is_of_the_past() const { return health_ != nullptr && era_ != health_->era(); }

  const PostgresOptions& options_;
  PostgresHealth* health_;
  std::uint64_t era_ = 0;
  PostgresNotices notices_;
  PostgresHandle handle_;
  Access access_ = Access::write;
  bool patient_ = false;  ///< in a migration, which takes as long as it takes
  std::size_t names_ = 0;
  std::unordered_map<const char*, std::string> prepared_;
  std::vector<Sent> sent_;  ///< since the last sync
};

}  // namespace latchkey::db::postgres
