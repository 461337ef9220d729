#include "db/sqlite_io_thread.h"

#include <boost/asio/post.hpp>

#include "db/sqlite_writer.h"

namespace latchkey::db {

/// Resumes the coroutines of one batch. When the event loop is destroyed before it ran, it lets them go, so
/// that their frames are freed with the loop.
class SqliteIoThread::Resumption {
 public:
  Resumption(SqliteIoThread& thread, TicketList tickets) : thread_(thread), tickets_(std::move(tickets)) {}
  Resumption(Resumption&&) noexcept = default;
  Resumption& operator=(Resumption&&) = delete;
  ~Resumption() {
    while (Ticket* ticket = tickets_.pop()) {
      const std::optional<Ticket::Handler> dropped = take_handler(*ticket);
    }
  }

  void operator()() {
    thread_.in_flight_ -= tickets_.size();
    if (thread_.in_flight_ == 0) thread_.work_.reset();
    resume_all();
  }

 private:
  /// The handler owns the frame in which the ticket lies.
  static std::optional<Ticket::Handler> take_handler(Ticket& ticket) {
    std::optional<Ticket::Handler> handler = std::move(ticket.resume);
    ticket.resume.reset();
    return handler;
  }

  void resume_all() {
    while (Ticket* ticket = tickets_.pop()) {
      auto handler = take_handler(*ticket);
      try {
        (*handler)();
      } catch (...) {
        // Leaves through the event loop, as it would have without us; the others must not suffer.
        if (!tickets_.empty()) {
          asio::post(thread_.io_, [rest = std::move(*this)]() mutable { rest.resume_all(); });
        }
        throw;
      }
    }
  }

  SqliteIoThread& thread_;
  TicketList tickets_;
};

SqliteIoThread::SqliteIoThread(asio::io_context& io, SqliteHandle reader, SqliteWriter& writer)
    : io_(io), writer_(writer), reader_(std::in_place, std::move(reader), SqliteAccess::read) {}

SqliteConnection& SqliteIoThread::reader() {
  // Read before the snapshot is opened: it holds at least these commits.
  const std::uint64_t commits = writer_.commits();
  if (in_snapshot_ && seen_commits_ == commits && reader_->in_transaction()) return *reader_;
  end_snapshot();
  reader_->control(begin_reading);
  in_snapshot_ = true;
  seen_commits_ = commits;
  want_end_of_turn();
  return *reader_;
}

void SqliteIoThread::queue(Ticket& ticket) {
  want_end_of_turn();
  if (in_flight_++ == 0) work_.emplace(io_.get_executor());
  queued_.push(ticket);
}

void SqliteIoThread::post_done(TicketList tickets) { asio::post(io_, Resumption(*this, std::move(tickets))); }

void SqliteIoThread::close() {
  end_turn();
  writer_.wait_for_answers(*this, pushed_);
  reader_.reset();
  work_.reset();
}

void SqliteIoThread::want_end_of_turn() {
  if (std::exchange(end_of_turn_posted_, true)) return;
  asio::post(io_, [this] { end_turn(); });
}

void SqliteIoThread::end_turn() {
  end_of_turn_posted_ = false;
  end_snapshot();
  if (queued_.empty()) return;
  pushed_ += queued_.size();
  writer_.push(std::move(queued_));
}

void SqliteIoThread::end_snapshot() {
  if (!std::exchange(in_snapshot_, false)) return;
  if (reader_->in_transaction()) reader_->control(commit);
}

}  // namespace latchkey::db
