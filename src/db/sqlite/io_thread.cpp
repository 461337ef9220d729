#include "db/sqlite/io_thread.h"

#include <boost/asio/post.hpp>

#include "db/sqlite/writer.h"

namespace latchkey::db::sqlite {

SqliteIoThread::SqliteIoThread(asio::io_context& io, OpenReader open_reader, SqliteWriter& writer)
    : TicketHome(io), writer_(writer), open_reader_(std::move(open_reader)) {
  seen_openings_ = writer_.openings();
  reader_.emplace(open_reader_(), SqliteAccess::read);
}

SqliteConnection& SqliteIoThread::reader() {
  // Read before the snapshot is opened: it holds at least these commits.
  const std::uint64_t commits = writer_.commits();
  if (in_snapshot_ && seen_commits_ == commits && reader_->in_transaction()) return *reader_;
  end_snapshot();
  if (broken_ || seen_openings_ != writer_.openings()) renew_reader();
  reader_->control(begin_reading);
  in_snapshot_ = true;
  seen_commits_ = commits;
  want_end_of_turn();
  return *reader_;
}

void SqliteIoThread::queue(Ticket& ticket) {
  want_end_of_turn();
  expect();
  queued_.push(ticket);
}

void SqliteIoThread::close() {
  end_turn();
  writer_.wait_for_answers(*this, pushed_);
  reader_.reset();
  let_loop_end();
}

void SqliteIoThread::want_end_of_turn() {
  if (std::exchange(end_of_turn_posted_, true)) return;
  asio::post(io(), [this] { end_turn(); });
}

void SqliteIoThread::end_turn() {
  end_of_turn_posted_ = false;
  end_snapshot();
  if (queued_.empty()) return;
  pushed_ += queued_.size();
  writer_.push(std::move(queued_));
}

void SqliteIoThread::end_snapshot() noexcept {
  if (!std::exchange(in_snapshot_, false)) return;
  if (!reader_->end_reading()) broken_ = true;
}

void SqliteIoThread::renew_reader() {
  const std::uint64_t openings = writer_.openings();
  SqliteHandle fresh = open_reader_();  // throws: the next request tries again
  reader_.emplace(std::move(fresh), SqliteAccess::read);
  seen_openings_ = openings;
  broken_ = false;
}

}  // namespace latchkey::db::sqlite
