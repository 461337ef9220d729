#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "db/sqlite/connection.h"
#include "db/ticket.h"

namespace latchkey::db::sqlite {

class SqliteWriter;
using OpenReader = std::function<SqliteHandle()>;

/// What the driver keeps for one attached thread: its reading connection with the snapshot of this turn of
/// its event loop, and the writes that came up in this turn. All but `post_done` is for that thread alone.
class SqliteIoThread final : public TicketHome {
 public:
  /// Throws what opening the reader throws.
  SqliteIoThread(asio::io_context& io, OpenReader open_reader, SqliteWriter& writer);

  /// See `Driver::reader`. Requests that are served in one turn share one snapshot, since opening one costs
  /// more than a look-up; it is opened anew whenever something has been committed.
  SqliteConnection& reader();

  /// Hands the ticket to the writer at the end of this turn.
  void queue(Ticket& ticket);

  /// The thread is leaving: waits for the writes that it has asked for, so that the event loop may go.
  void close();

 private:
  void want_end_of_turn();
  void end_turn();
  void end_snapshot() noexcept;
  /// A connection that an error has left in no known state is replaced, and so are all of them once the
  /// writer has opened the store anew.
  void renew_reader();

  SqliteWriter& writer_;
  const OpenReader open_reader_;
  std::optional<SqliteConnection> reader_;
  std::uint64_t seen_openings_ = 0;
  bool broken_ = false;
  std::uint64_t seen_commits_ = 0;
  bool in_snapshot_ = false;
  bool end_of_turn_posted_ = false;
  TicketList queued_;
  std::uint64_t pushed_ = 0;
};

}  // namespace latchkey::db::sqlite
