#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <cstdint>
#include <optional>

#include "base/task.h"
#include "db/sqlite_connection.h"
#include "db/sqlite_ticket.h"

namespace latchkey::db {

class SqliteWriter;

/// What the driver keeps for one attached thread: its reading connection with the snapshot of this turn of
/// its event loop, and the writes that came up in this turn. All but `post_done` is for that thread alone.
class SqliteIoThread {
 public:
  SqliteIoThread(asio::io_context& io, SqliteHandle reader, SqliteWriter& writer);

  /// See `Driver::reader`. Requests that are served in one turn share one snapshot, since opening one costs
  /// more than a look-up; it is opened anew whenever something has been committed.
  SqliteConnection& reader();

  /// Hands the ticket to the writer at the end of this turn.
  void queue(Ticket& ticket);

  /// Called by the writer's thread: resume these on their own.
  void post_done(TicketList tickets);

  /// The thread is leaving: waits for the writes that it has asked for, so that the event loop may go.
  void close();

  // The writer's: what it has to post when its batch is committed, and how many it has posted (under its
  // mutex).
  TicketList done;
  std::uint64_t answered = 0;

 private:
  class Resumption;

  void want_end_of_turn();
  void end_turn();
  void end_snapshot();

  asio::io_context& io_;
  SqliteWriter& writer_;
  std::optional<SqliteConnection> reader_;
  std::uint64_t seen_commits_ = 0;
  bool in_snapshot_ = false;
  bool end_of_turn_posted_ = false;
  TicketList queued_;
  std::uint64_t pushed_ = 0;
  std::size_t in_flight_ = 0;
  std::optional<asio::executor_work_guard<IoExecutor>> work_;  ///< held while writes are under way
};

}  // namespace latchkey::db
