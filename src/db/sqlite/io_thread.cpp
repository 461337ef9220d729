#include "db/sqlite/io_thread.h"

#include <boost/asio/post.hpp>

#include "db/sqlite/writer.h"

namespace latchkey::db::sqlite {

SqliteIoThread::SqliteIoThread(asio::io_context& io, SqliteHandle reader, SqliteWriter& writer)
    : TicketHome(io), writer_(writer), reader_(std::in_place, std::move(reader), SqliteAccess::read) {}

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

void SqliteIoThread::end_snapshot() {
  if (!std::exchange(in_snapshot_, false)) return;
  if (reader_->in_transaction()) reader_->control(commit);
}

}  // namespace latchkey::db::sqlite
