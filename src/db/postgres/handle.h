#pragma once

#include <libpq-fe.h>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "db/error.h"
#include "db/postgres/driver.h"

namespace latchkey::db::postgres {

/// The connection is gone, and nothing that was asked on it has been committed.
class ConnectionLost : public Unavailable {
 public:
  using Unavailable::Unavailable;
};

/// Another transaction was in the way; all was rolled back, and the same again may work.
class SerializationFailure : public Unavailable {
 public:
  using Unavailable::Unavailable;
};

/// The server does not know the prepared statement any more, or the tables under it have changed.
class StalePlan : public Unavailable {
 public:
  using Unavailable::Unavailable;
};

struct ClosePostgres {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct ClearPostgres {
  void operator()(PGresult* result) const { PQclear(result); }
};
using PostgresHandle = std::unique_ptr<PGconn, ClosePostgres>;
using PostgresResult = std::unique_ptr<PGresult, ClearPostgres>;

/// What the server says beside its answers. All is logged, and one thing counts: that it has committed, but
/// was made to stop waiting for the standby that has to have it, too (an administrator's
/// `pg_cancel_backend`). Success follows, and yet a fail-over may lose the commit. Belongs to one
/// connection at a time and its thread, and outlives it.
class PostgresNotices {
 public:
  PostgresNotices() = default;
  PostgresNotices(const PostgresNotices&) = delete;
  PostgresNotices& operator=(const PostgresNotices&) = delete;

  /// From now on, of this connection, of which nothing was asked yet.
  void listen_to(PGconn* connection);
  /// Whether a commit was left so since this was last asked.
  bool take_unreplicated() { return std::exchange(unreplicated_, false); }

 private:
  static void receive(void* self, const PGresult* notice);

  bool unreplicated_ = false;
};

/// What `OutcomeUnknown` says of such a commit.
inline constexpr const char* unreplicated =
    "it was committed, but the wait for a standby to have it was cancelled";

/// Throws `Fault` with libpq's reason when it does not understand the URL.
void check_postgres_url(const Secret& url);

/// One of the hosts of a URL, as libpq says it.
struct PostgresHost {
  std::string name;
  std::string port;
  bool operator==(const PostgresHost&) const = default;
};
PostgresHost host_of(const PGconn* connection);

/// Connects, trying the hosts of the URL in turn, from `first` on when that is among them, and blocks for as
/// long as that takes: two seconds a host unless the URL says otherwise, and as long again for an answer to a
/// first question. For a pooler or a proxy accepts clients for which it has no connection to the server, and
/// may even pretend the start of a session: what such a client asks is never answered. The handle does not
/// block. Throws `Unavailable`.
PostgresHandle connect_postgres(const PostgresOptions& options,
                                const std::optional<PostgresHost>& first = std::nullopt);

/// Whether the connection has a socket that still works, after looking at what came.
bool take_input(PGconn* connection);
/// The same while nothing is under way: behind a server's last words, too, is the end of the connection.
bool is_alive(PGconn* connection);
/// libpq's last word, as one line.
std::string last_words(const PGconn* connection);

bool is_failure(const PGresult* result);
/// Whether the connection is of no use after this error.
bool is_fatal(const PGresult* result);
/// Whether this error leaves open if what was asked is committed, or may yet be. Of class 08 are also the
/// words of a pooler that has lost its server between a write and the answer.
bool leaves_outcome_open(const PGresult* result);
/// What an error of the server means (db/error.h); `sql` is what it answers.
std::exception_ptr error_of(const PGresult* result, std::string_view sql);

}  // namespace latchkey::db::postgres
