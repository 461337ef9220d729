#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/secret.h"
#include "base/time.h"
#include "db/driver.h"

namespace latchkey::db::postgres {

/// What a process is to the others that use the same database.
enum class PostgresRole : std::uint8_t {
  node,    ///< serves: may lead
  visitor  ///< a command that goes again
};

/// How a PostgreSQL is used. The defaults are for one node of several.
struct PostgresOptions {
  /// A libpq URL: several hosts, TLS and everything else as libpq has them. It asks for a server that takes
  /// writes (`target_session_attrs=read-write`, or `primary` where the URL says so); others are refused with
  /// a `Fault`, since a standby still knows what has been ended.
  Secret url;
  PostgresRole role = PostgresRole::node;

  /// Connections for transactions, each with a thread. Every attached thread has two more, and one watches.
  std::size_t transaction_connections = 8;
  /// How long the server may work on one statement.
  std::chrono::milliseconds statement_timeout{5000};
  /// How long a job may wait to be begun, for a free connection or for one at all.
  std::chrono::milliseconds patience{700};
  /// Jobs that may wait or be under way at once; one more is refused with `Unavailable`.
  std::size_t max_queue = 8192;
  /// Statements and units that share one sync at most: what a failure among them makes us run again one by
  /// one.
  std::size_t max_batch = 256;
  /// Runs of a transaction that others keep in its way (SQLSTATE 40001, 40P01) before it is given up.
  int max_attempts = 6;

  /// Follows the database's clock, so that nodes whose own differ agree; nullptr: nobody asks.
  Clock* clock = nullptr;
};

/// Opens a database of a PostgreSQL server, 13 or newer. Single statements and units go down two pipelined
/// connections of each attached thread, one for reads and one for writes: those that come up in one turn of
/// its event loop are sent together under one sync, and when one of them fails the others are run again by
/// themselves.
/// Transactions run on connections with a thread each. Everything reads from the server that takes the
/// writes.
///
/// Beside the promises of `Database`:
/// - A connection that was accepted and is not answered, as poolers and proxies have them, counts as one that
///   can not be had: other connections do its work. `trouble` says so when these are not answered either.
/// - A lost connection is opened again in the background, with a growing, jittered pause of at most a second.
///   While there is none, jobs are refused at once; `trouble` says why.
/// - What another transaction is in the way of is run again a few times. What was not sent, or was a read, is
///   run again once when its connection breaks. A write whose answer was lost throws `OutcomeUnknown`.
/// - A single statement or unit whose rows can not be decoded throws, but has been carried out.
///
/// Blocks until it has a connection. Throws `Unavailable` when there is none to be had, `Fault` for a URL
/// that libpq does not understand.
std::unique_ptr<Driver> open_postgres(PostgresOptions options);

}  // namespace latchkey::db::postgres
